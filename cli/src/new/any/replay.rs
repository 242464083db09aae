//! `cargo test` replays every trace in `corpus/`; a finding that was fixed is kept there.

stalemap::replay!({{crate}}::build, "corpus");
