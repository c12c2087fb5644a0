//! A small file system in memory, which a test fills and makes read-only. Needs root. IO.

use std::{
    fs::{self, File},
    io::Write,
    path::PathBuf,
    process::Command,
};

/// Size, in KiB.
const SIZE_KIB: u64 = 4096;

pub struct Tmpfs {
    folder: tempfile::TempDir,
}

impl Tmpfs {
    /// Mounts one; `None` where that is not allowed, which in CI is a failure.
    pub fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let size = format!("size={SIZE_KIB}k");
        let target = folder.path().to_str().unwrap();
        if mount(&["-t", "tmpfs", "-o", &size, "tmpfs", target]) {
            return Some(Self { folder });
        }
        let what = "a file system cannot be mounted: this test needs root";
        assert!(std::env::var("CI").as_deref() != Ok("true"), "{what}");
        eprintln!("skipped: {what}");
        None
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Leaves so much room, in KiB.
    pub fn fill_but(&self, free: u64) {
        self.clear();
        let mut filler = File::create(self.path("filler")).unwrap();
        let mut length = 0;
        while filler.write_all(&[0; 4096]).is_ok() {
            length += 4096;
        }
        filler.set_len(length - free.min(length / 1024) * 1024).unwrap();
    }

    /// Leaves all the room that there is.
    pub fn clear(&self) {
        let _ = fs::remove_file(self.path("filler"));
    }

    /// Forbids or allows writing.
    pub fn set_read_only(&self, is_read_only: bool) {
        let how = if is_read_only { "remount,ro" } else { "remount,rw" };
        assert!(mount(&["-o", how, self.folder.path().to_str().unwrap()]));
    }
}

impl Drop for Tmpfs {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.folder.path()).status();
    }
}

fn mount(arguments: &[&str]) -> bool {
    let done = Command::new("mount").args(arguments).output();
    done.is_ok_and(|output| output.status.success())
}
