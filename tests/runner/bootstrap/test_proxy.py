from __future__ import annotations

from runner.bootstrap.proxy import proxy_settings


def test_no_setting_exports_nothing() -> None:
    assert proxy_settings({}) == {}
    assert proxy_settings({"TentacleUseDefaultProxy": "True"}) == {}


def test_a_host_is_the_proxy_for_all_but_local_addresses() -> None:
    variables = {"TentacleProxyHost": "proxy.example.com", "TentacleProxyPort": "8080"}
    assert proxy_settings(variables) == {
        "TREADLE_PROXY": "http://proxy.example.com:8080",
        "TREADLE_NO_PROXY": "127.0.0.1,localhost,169.254.169.254",
    }


def test_credentials_are_escaped() -> None:
    variables = {
        "TentacleProxyHost": "p",
        "TentacleProxyPort": "80",
        "TentacleProxyUsername": "me@here",
        "TentacleProxyPassword": "a:b/c",
    }
    assert proxy_settings(variables)["TREADLE_PROXY"] == "http://me%40here:a%3Ab%2Fc@p:80"


def test_no_default_proxy_bypasses_all() -> None:
    assert proxy_settings({"tentacleuseDefaultProxy": "False"}) == {"TREADLE_NO_PROXY": "*"}
