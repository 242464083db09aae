//! What a library that was built with AddressSanitizer needs from the process that loads it.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::Path;

/// The starts of the names of the runtimes: gcc's and clang's.
const RUNTIMES: [&[u8]; 2] = [b"libasan.so", b"libclang_rt.asan"];

/// Variables that the process needs which loads this library: the runtime of its sanitizer must be there before everything
/// else. Nothing for a library without one, or that cannot be read.
///
/// Reports are made without looking up names of functions, which takes longer than a campaign should wait, unless
/// `ASAN_OPTIONS` is set.
#[must_use]
pub fn environment(library: &Path) -> Vec<(OsString, OsString)> {
    let Some(runtime) = fs::read(library).ok().as_deref().and_then(runtime) else { return Vec::new() };
    let mut variables = vec![("LD_PRELOAD".into(), runtime.into())];
    if env::var_os("ASAN_OPTIONS").is_none() {
        variables.push(("ASAN_OPTIONS".into(), "symbolize=0:detect_leaks=0".into()));
    }
    variables
}

/// The runtime that a library names among those it needs.
fn runtime(bytes: &[u8]) -> Option<String> {
    RUNTIMES.iter().find_map(|start| {
        // A name of a needed library stands between two zeros.
        let at = bytes.windows(start.len() + 1).position(|window| window[0] == 0 && window[1..] == **start)? + 1;
        let name = bytes[at..].split(|&byte| byte == 0).next()?;
        String::from_utf8(name.to_vec()).ok()
    })
}

#[cfg(test)]
mod tests {
    use super::runtime;

    #[test]
    fn the_runtime_of_a_sanitizer_is_known_by_its_name() {
        assert_eq!(runtime(b"\0libc.so.6\0libasan.so.8\0x"), Some("libasan.so.8".to_string()));
        assert_eq!(runtime(b"\0libc.so.6\0mylibasan.so.8\0"), None);
    }
}
