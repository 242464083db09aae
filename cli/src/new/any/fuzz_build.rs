//! Refuses to build libFuzzer into a program of AFL++, which the linker would refuse at length and late.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let flags = std::env::var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default();
    if flags.contains("afl-compiler-rt") && std::env::var_os("CARGO_FEATURE_LIBFUZZER").is_some() {
        eprintln!("AFL++ needs its own feature: cargo afl build --release --no-default-features --features afl");
        std::process::exit(1);
    }
}
