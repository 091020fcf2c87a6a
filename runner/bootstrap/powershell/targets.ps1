# Targets and accounts that a script asks for: messages that the runner records.
# https://octopus.com/docs/infrastructure/deployment-targets/dynamic-infrastructure

function New-OctopusTarget {
    [CmdletBinding()]
    param(
        [Parameter(Mandatory = $true)][string]$Name,
        [Parameter(Mandatory = $true)][string]$TargetId,
        [Parameter(Mandatory = $true)][string]$Inputs,
        [Parameter(Mandatory = $true)][string]$Roles,
        [string]$WorkerPoolIdOrName,
        [switch]$UpdateIfExisting
    )
    Send-TreadleMessage createStepPackageTarget @(
        'name', $Name, 'targetId', $TargetId, 'inputs', $Inputs, 'octopusRoles', $Roles,
        'octopusDefaultWorkerPoolIdOrName', $WorkerPoolIdOrName, 'updateIfExisting', $UpdateIfExisting
    )
}

function Remove-OctopusTarget([string]$targetIdOrName) {
    Send-TreadleMessage delete-target @('machine', $targetIdOrName)
}

# The functions below have simple parameters, called as the attributes of their messages, but for those of the Azure
# account. An attribute without a value is left out.
function Send-TreadleRequest([string]$message, [string[]]$names, [Collections.IDictionary]$given) {
    $attributes = @()
    foreach ($name in $names) {
        if ($given.ContainsKey($name)) { $attributes += @($name, $given[$name]) }
    }
    $attributes += @('updateIfExisting', [bool]$given['updateIfExisting'])
    Send-TreadleMessage $message $attributes
}

function New-OctopusKubernetesTarget(
    [string]$name, [string]$clusterUrl, [string]$clusterName, [string]$clusterResourceGroup, [string]$clusterAdminLogin,
    [string]$clusterProject, [string]$clusterRegion, [string]$clusterZone, [string]$namespace,
    [string]$skipTlsVerification, [string]$octopusAccountIdOrName, [string]$octopusClientCertificateIdOrName,
    [string]$octopusServerCertificateIdOrName, [string]$octopusRoles, [string]$octopusDefaultWorkerPoolIdOrName,
    [string]$healthCheckContainerImageFeedIdOrName, [string]$healthCheckContainerImage, [switch]$updateIfExisting
) {
    $names = 'name', 'clusterUrl', 'clusterName', 'clusterResourceGroup', 'clusterAdminLogin', 'clusterProject',
        'clusterRegion', 'clusterZone', 'namespace', 'skipTlsVerification', 'octopusAccountIdOrName',
        'octopusClientCertificateIdOrName', 'octopusServerCertificateIdOrName', 'octopusRoles',
        'octopusDefaultWorkerPoolIdOrName', 'healthCheckContainerImageFeedIdOrName', 'healthCheckContainerImage'
    Send-TreadleRequest create-kubernetestarget $names $PSBoundParameters
}

function New-OctopusAzureWebAppTarget(
    [string]$name, [string]$azureWebApp, [string]$azureResourceGroupName, [string]$octopusAccountIdOrName,
    [string]$octopusRoles, [string]$azureWebAppSlot, [string]$octopusDefaultWorkerPoolIdOrName, [switch]$updateIfExisting
) {
    $names = 'name', 'azureWebApp', 'azureWebAppSlot', 'azureResourceGroupName', 'octopusAccountIdOrName',
        'octopusRoles', 'octopusDefaultWorkerPoolIdOrName'
    Send-TreadleRequest create-azurewebapptarget $names $PSBoundParameters
}

function New-OctopusAzureServiceFabricTarget(
    [string]$name, [string]$azureConnectionEndpoint, [string]$azureSecurityMode, [string]$azureCertificateThumbprint,
    [string]$azureActiveDirectoryUsername, [string]$azureActiveDirectoryPassword, [string]$certificateStoreLocation,
    [string]$certificateStoreName, [string]$octopusCertificateIdOrName, [string]$octopusRoles,
    [string]$octopusDefaultWorkerPoolIdOrName, [switch]$updateIfExisting
) {
    $names = 'name', 'azureConnectionEndpoint', 'azureSecurityMode', 'azureCertificateThumbprint',
        'azureActiveDirectoryUsername', 'azureActiveDirectoryPassword', 'certificateStoreLocation',
        'certificateStoreName', 'octopusCertificateIdOrName', 'octopusRoles', 'octopusDefaultWorkerPoolIdOrName'
    Send-TreadleRequest create-azureservicefabrictarget $names $PSBoundParameters
}

function New-OctopusAzureCloudServiceTarget(
    [string]$name, [string]$azureCloudServiceName, [string]$azureStorageAccount, [string]$azureDeploymentSlot,
    [string]$swap, [string]$instanceCount, [string]$octopusAccountIdOrName, [string]$octopusRoles,
    [string]$octopusDefaultWorkerPoolIdOrName, [switch]$updateIfExisting
) {
    $names = 'name', 'azureCloudServiceName', 'azureStorageAccount', 'azureDeploymentSlot', 'swap', 'instanceCount',
        'octopusAccountIdOrName', 'octopusRoles', 'octopusDefaultWorkerPoolIdOrName'
    Send-TreadleRequest create-azurecloudservicetarget $names $PSBoundParameters
}

function New-OctopusAwsEcsTarget(
    [string]$name, [string]$clusterName, [string]$region, [string]$octopusAccountIdOrName, [string]$octopusRoles,
    [string]$octopusDefaultWorkerPoolIdOrName, [switch]$updateIfExisting
) {
    $names = 'name', 'clusterName', 'region', 'octopusAccountIdOrName', 'octopusRoles',
        'octopusDefaultWorkerPoolIdOrName'
    Send-TreadleRequest create-aws-ecs-target $names $PSBoundParameters
}

function New-OctopusTokenAccount([string]$name, [string]$token, [switch]$updateIfExisting) {
    Send-TreadleRequest create-tokenaccount @('name', 'token') $PSBoundParameters
}

function New-OctopusUserPassAccount([string]$name, [string]$username, [string]$password, [switch]$updateIfExisting) {
    Send-TreadleRequest create-userpassaccount @('name', 'username', 'password') $PSBoundParameters
}

function New-OctopusAwsAccount([string]$name, [string]$secretKey, [string]$accessKey, [switch]$updateIfExisting) {
    Send-TreadleRequest create-awsaccount @('name', 'secretKey', 'accessKey') $PSBoundParameters
}

function New-OctopusAzureServicePrincipalAccount(
    [string]$name, [Alias('azureSubscription')][string]$azureSubscriptionId, [string]$azureApplicationId,
    [string]$azureTenantId, [string]$azurePassword, [string]$azureEnvironment, [string]$azureBaseUri,
    [Alias('azureResourceManagementUri')][string]$azureResourceManagementBaseUri, [switch]$updateIfExisting
) {
    $attributes = @{
        type = 'serviceprincipal'; name = $name; azSubscriptionId = $azureSubscriptionId
        azApplicationId = $azureApplicationId; azTenantId = $azureTenantId; azPassword = $azurePassword
        updateIfExisting = $updateIfExisting
    }
    if ($azureEnvironment) {
        $attributes.azEnvironment = $azureEnvironment
        $attributes.azBaseUri = $azureBaseUri
        $attributes.azResourceManagementBaseUri = $azureResourceManagementBaseUri
    }
    $names = 'type', 'name', 'azSubscriptionId', 'azApplicationId', 'azTenantId', 'azPassword', 'azEnvironment',
        'azBaseUri', 'azResourceManagementBaseUri'
    Send-TreadleRequest create-azureaccount $names $attributes
}
