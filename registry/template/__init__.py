"""One step template, in every form it has: Octopus document, folder, files, built-in."""
