#!/usr/bin/env bash
# The build of OSS-Fuzz, from this checkout.
exec bash -eu "$SRC/stalemap/oss-fuzz/build.sh" "$@"
