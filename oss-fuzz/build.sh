#!/usr/bin/env bash
# Builds every fuzz target into $OUT, with its seeds and options, to the contract of OSS-Fuzz and ClusterFuzzLite:
#   $SRC/stalemap  the sources          $SANITIZER            address, none or coverage
#   $WORK          for what is built    $LIB_FUZZING_ENGINE   libFuzzer as an archive, where it is one
# Arguments are passed on to `cargo fuzz build`.
set -euo pipefail

cd "$SRC/stalemap"

case "$SANITIZER" in
    address | none) sanitizer=$SANITIZER ;;
    # The flags of coverage are in RUSTFLAGS already.
    coverage) sanitizer=none ;;
    *) echo "build.sh: \$SANITIZER is $SANITIZER, but targets in Rust know address, none and coverage only" >&2; exit 1 ;;
esac

# On OSS-Fuzz the engine comes as a flag of clang, and `compile` has set CUSTOM_LIBFUZZER_PATH.
if [ -z "${CUSTOM_LIBFUZZER_PATH:-}" ] && [ -f "${LIB_FUZZING_ENGINE:-}" ]; then
    export CUSTOM_LIBFUZZER_PATH="$LIB_FUZZING_ENGINE"
fi

cargo fuzz build --release --debug-assertions --sanitizer "$sanitizer" --target-dir "$WORK/targets" "$@"
triple=$(rustc -vV | sed -n 's/^host: //p')

# The seeds are written by our own program, which needs no sanitizer: records, and the texts as they are.
env -u RUSTFLAGS cargo build --locked --release -p stalemap-cli --target-dir "$WORK/stalemap"
rm -rf "$WORK/seeds"
mkdir -p "$WORK/seeds/texts"
"$WORK/stalemap/release/stalemap" seeds corpus -o "$WORK/seeds/records"
find corpus -name '*.trace' | while read -r trace; do
    cp "$trace" "$WORK/seeds/texts/$(echo "$trace" | tr / -)"
done

for target in $(cargo fuzz list); do
    cp "$WORK/targets/$triple/release/$target" "$OUT/$target"
    # A target whose name ends with _text reads traces as text; the others read records.
    case "$target" in
        *_text) seeds=texts ;;
        *) seeds=records ;;
    esac
    rm -f "$OUT/${target}_seed_corpus.zip"
    (cd "$WORK/seeds/$seeds" && zip -q -r "$OUT/${target}_seed_corpus.zip" .)
    printf '[libfuzzer]\nmax_len = 4096\ntimeout = 10\n' >"$OUT/$target.options"
done
