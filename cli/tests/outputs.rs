//! Where results go, through the built program: devices and pipes are written through, links and modes stay.
#![cfg(unix)]

mod program;

use std::fs::{self, File};
use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use program::{Ended, command, in_folder, stalemap};

const TRACE: &str = "machine ram=4 spaces=1 pages=4\nmap s0 v0 rw\n";
const CANONICAL: &str = "machine ram=4 spaces=1 pages=4\nmap      s0 v0 rw\n";

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("a file").permissions().mode() & 0o7777
}

#[test]
fn devices_and_streams_are_written_through() {
    in_folder(|folder| {
        fs::write(folder.join("a.trace"), TRACE).expect("a file");
        let to_null = stalemap(folder, &["encode", "a.trace", "-o", "/dev/null"]);
        assert_eq!(to_null.code, 0, "{}", to_null.stderr);
        let null = fs::metadata("/dev/null").expect("the device");
        assert!(null.file_type().is_char_device(), "/dev/null is a device still");
        let shown = stalemap(folder, &["export", "--as", "rust", "a.trace", "-o", "/dev/stdout"]);
        assert_eq!((shown.code, shown.stdout.contains("#[test]")), (0, true), "{}", shown.stderr);
        fs::write(folder.join("log"), "before\n").expect("a file");
        let log = File::options().append(true).open(folder.join("log")).expect("a file");
        let ended = command(folder, &["export", "--as", "rust", "a.trace", "-o", "/dev/stdout"]).stdout(log).status();
        assert!(ended.expect("the built program").success());
        let text = fs::read_to_string(folder.join("log")).expect("a file");
        assert!(text.starts_with("before\n") && text.contains("#[test]"), "{text}");
    });
}

#[test]
fn a_fifo_is_written_through() {
    in_folder(|folder| {
        fs::write(folder.join("a.trace"), TRACE).expect("a file");
        let fifo = folder.join("fifo");
        assert!(Command::new("mkfifo").arg(&fifo).status().expect("mkfifo").success());
        let reader = {
            let fifo = fifo.clone();
            thread::spawn(move || fs::read(fifo).expect("what was written"))
        };
        let ended = stalemap(folder, &["encode", "a.trace", "-o", "fifo"]);
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        assert!(fs::metadata(&fifo).expect("the pipe").file_type().is_fifo(), "it is a pipe still");
        assert_eq!(reader.join().expect("a reader").len(), 2 * 8);
    });
}

#[test]
fn links_stay_and_modes_are_kept() {
    in_folder(|folder| {
        fs::create_dir(folder.join("real")).expect("a folder");
        let (real, link) = (folder.join("real/a.trace"), folder.join("link.trace"));
        fs::write(&real, TRACE).expect("a file");
        fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).expect("a mode");
        symlink("real/a.trace", &link).expect("a link");
        assert_eq!(stalemap(folder, &["fmt", "--write", "link.trace"]).code, 0);
        assert!(fs::symlink_metadata(&link).expect("a link").file_type().is_symlink(), "the link stays");
        assert_eq!((fs::read_to_string(&real).expect("a file").as_str(), mode(&real)), (CANONICAL, 0o640));
        // A link to what is not there yet makes it.
        symlink("real/new", folder.join("dangling")).expect("a link");
        assert_eq!(stalemap(folder, &["encode", "link.trace", "-o", "dangling"]).code, 0);
        assert_eq!(fs::read(folder.join("real/new")).expect("it was written").len(), 2 * 8);
        symlink("circle", folder.join("circle")).expect("a link");
        let circle = stalemap(folder, &["encode", "link.trace", "-o", "circle"]);
        assert!(circle.code == 2 && circle.stderr.contains("cannot write circle"), "{}", circle.stderr);
    });
}

#[test]
fn a_closed_pipe_is_trouble_and_no_panic() {
    in_folder(|folder| {
        for arguments in [&["ops"][..], &["fuzz", "--runs", "50", "--seed", "1"]] {
            let (reader, writer) = std::io::pipe().expect("a pipe");
            drop(reader);
            let output = command(folder, arguments).stdin(Stdio::null()).stdout(writer).output().expect("the program");
            let stderr = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(2), "{arguments:?}: {stderr}");
            assert!(!stderr.contains("panicked") && !stderr.contains("error"), "{arguments:?}: {stderr}");
        }
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        fs::write(folder.join("a.trace"), TRACE).expect("a file");
        let ended = Ended::of(command(folder, &["minimize", "a.trace"]).stdout(writer));
        assert_eq!(ended.code, 2, "{}", ended.stderr);
    });
}

/// A file system of a few pages, which ends with this.
#[cfg(target_os = "linux")]
struct Full<'a>(&'a Path);

#[cfg(target_os = "linux")]
impl Full<'_> {
    /// None where this user may not mount.
    fn mounted(at: &Path) -> Option<Full<'_>> {
        fs::create_dir(at).expect("a folder");
        let mount = Command::new("mount").args(["-t", "tmpfs", "-o", "size=16k", "tmpfs"]).arg(at).output();
        mount.is_ok_and(|it| it.status.success()).then_some(Full(at))
    }

    /// Fills what is left.
    fn fill(&self) {
        let mut rest = File::create(self.0.join("rest")).expect("a file");
        while std::io::Write::write(&mut rest, &[0; 512]).is_ok() {}
    }
}

#[cfg(target_os = "linux")]
impl Drop for Full<'_> {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg(self.0).status();
        assert!(unmounted.is_ok_and(|it| it.success()), "{} stays mounted", self.0.display());
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_named_and_what_stands_there_stays() {
    in_folder(|folder| {
        let disk = folder.join("disk");
        let Some(full) = Full::mounted(&disk) else {
            println!("skipped: only root may mount a disk that is full");
            return;
        };
        fs::write(folder.join("a.trace"), TRACE).expect("a file");
        fs::write(disk.join("kept.trace"), TRACE).expect("a file");
        fs::write(disk.join("kept"), "kept").expect("a file");
        full.fill();
        let before: Vec<_> =
            fs::read_dir(&disk).expect("a folder").map(|it| it.expect("an entry").file_name()).collect();
        let rows: [&[&str]; 11] = [
            &["encode", "a.trace", "-o", "disk/new"],
            &["encode", "a.trace", "-o", "disk/kept"],
            &["minimize", "a.trace", "-o", "disk/kept"],
            &["export", "--as", "rust", "a.trace", "-o", "disk/kept"],
            &["report", "a.trace", "-o", "disk/kept"],
            &["fmt", "--write", "disk/kept.trace"],
            &["fuzz", "--runs", "50", "--seed", "1", "--out", "disk/findings"],
            &["seeds", "a.trace", "-o", "disk/seeds"],
            &["distill", "a.trace", "-o", "disk/small"],
            &["new", "disk/mine", "--c"],
            &["merge", "-o", "disk/merged"],
        ];
        for arguments in rows {
            let ended = stalemap(folder, arguments);
            assert_eq!(ended.code, 2, "{arguments:?}: {}{}", ended.stdout, ended.stderr);
            let is_said = ended.stderr.contains("No space left on device") && ended.stderr.contains("disk/");
            assert!(is_said, "{arguments:?}: {}", ended.stderr);
            assert_eq!(fs::read_to_string(disk.join("kept")).expect("a file"), "kept", "{arguments:?}");
            assert_eq!(fs::read_to_string(disk.join("kept.trace")).expect("a file"), TRACE, "{arguments:?}");
            let now: Vec<_> =
                fs::read_dir(&disk).expect("a folder").map(|it| it.expect("an entry").file_name()).collect();
            assert_eq!(now, before, "{arguments:?} leaves something half written");
        }
    });
}
