//! The file system that the guest starts from: a cpio archive with one program, init.

/// An archive in the form `newc` that the kernel unpacks: `/dev`, `/proc`, `/sys` and `/init`.
///
/// # Panics
/// When the program is larger than the four gigabytes that the format can hold.
#[must_use]
pub(crate) fn initramfs(init: &[u8]) -> Vec<u8> {
    let mut archive = Vec::with_capacity(init.len() + 2_048);
    for folder in ["dev", "proc", "sys"] {
        entry(&mut archive, folder, FOLDER, &[]);
    }
    entry(&mut archive, "init", PROGRAM, init);
    entry(&mut archive, "TRAILER!!!", 0, &[]);
    archive
}

const FOLDER: u32 = 0o40_755;
const PROGRAM: u32 = 0o100_755;

/// A header of thirteen numbers in eight hexadecimal digits, the name with its zero, the content; each padded to four.
fn entry(archive: &mut Vec<u8>, name: &str, mode: u32, content: &[u8]) {
    let size = u32::try_from(content.len()).expect("the program is small");
    let name_size = u32::try_from(name.len() + 1).expect("the name is short");
    let inode = u32::try_from(archive.len()).expect("the archive is small");
    archive.extend_from_slice(b"070701");
    for number in [inode, mode, 0, 0, 1, 0, size, 0, 0, 0, 0, name_size, 0] {
        archive.extend_from_slice(format!("{number:08x}").as_bytes());
    }
    archive.extend_from_slice(name.as_bytes());
    archive.push(0);
    pad(archive);
    archive.extend_from_slice(content);
    pad(archive);
}

fn pad(archive: &mut Vec<u8>) {
    archive.resize(archive.len().next_multiple_of(4), 0);
}

#[cfg(test)]
mod tests {
    use super::initramfs;

    /// Reads names, modes and contents back by the format's description.
    fn entries(archive: &[u8]) -> Vec<(String, u32, Vec<u8>)> {
        let mut entries = Vec::new();
        let mut at = 0;
        loop {
            assert_eq!(&archive[at..at + 6], b"070701", "a header begins at {at}");
            let number = |index: usize| {
                let digits = &archive[at + 6 + 8 * index..at + 14 + 8 * index];
                u32::from_str_radix(std::str::from_utf8(digits).expect("digits"), 16).expect("a number")
            };
            let (mode, size, name_size) = (number(1), number(6) as usize, number(11) as usize);
            let name = String::from_utf8(archive[at + 110..at + 110 + name_size - 1].to_vec()).expect("a name");
            let content = (at + 110 + name_size).next_multiple_of(4);
            if name == "TRAILER!!!" {
                assert_eq!(content, archive.len());
                return entries;
            }
            entries.push((name, mode, archive[content..content + size].to_vec()));
            at = (content + size).next_multiple_of(4);
        }
    }

    #[test]
    fn the_archive_holds_the_folders_and_the_program() {
        let entries = entries(&initramfs(b"a program"));
        let names: Vec<&str> = entries.iter().map(|(name, _, _)| name.as_str()).collect();
        assert_eq!(names, ["dev", "proc", "sys", "init"]);
        assert_eq!(entries[3].1 & 0o777, 0o755);
        assert_eq!(entries[3].2, b"a program");
        assert!(entries[..3].iter().all(|(_, mode, content)| mode & 0o40_000 != 0 && content.is_empty()));
    }
}
