//! A target for AFL++ that does nothing: what the engine itself costs.

fn main() {
    afl::fuzz(true, |input: &[u8]| {
        std::hint::black_box(input);
    });
}
