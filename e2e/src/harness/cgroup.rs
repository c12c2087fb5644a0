//! A cgroup of one cluster's own in every hierarchy, so that what containers leave can be found and removed. IO.

use std::{
    fs, io,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use super::{Error, Result};

const CONTROLLERS: [&str; 6] = ["cpuset", "cpu", "io", "memory", "hugetlb", "pids"];
const ROOT: &str = "/sys/fs/cgroup";

/// The cgroups of one cluster. Dropped, they are removed together with all below them.
#[derive(Debug)]
pub struct Cgroups {
    folders: Vec<PathBuf>,
}

impl Cgroups {
    /// Makes a cgroup of this name in every hierarchy, of version 1 or 2.
    ///
    /// # Errors
    /// A hierarchy that is read-only, as in a container without privileges.
    pub fn create(name: &str) -> Result<Self> {
        let mounts = fs::read_to_string("/proc/mounts").map_err(Error::file("read", "/proc/mounts"))?;
        let roots = hierarchies(&mounts);
        if roots == [Path::new(ROOT)] {
            delegate(Path::new(ROOT))?;
        }
        let folders: Vec<_> = roots.iter().map(|root| root.join(name)).collect();
        let cgroups = Self { folders };
        for folder in &cgroups.folders {
            fs::create_dir_all(folder).map_err(Error::file("create the cgroup", folder))?;
        }
        Ok(cgroups)
    }
}

impl Drop for Cgroups {
    fn drop(&mut self) {
        for folder in &self.folders {
            // Processes that were just killed may still be on their way out.
            for _ in 0..100 {
                if remove(folder).is_ok() {
                    break;
                }
                thread::sleep(Duration::from_millis(100));
            }
        }
    }
}

/// Mount points of all hierarchies.
fn hierarchies(mounts: &str) -> Vec<PathBuf> {
    let fields = mounts.lines().map(|line| line.split(' ').collect::<Vec<_>>());
    fields
        .filter(|fields| matches!(fields.get(2), Some(&("cgroup" | "cgroup2"))))
        .map(|fields| PathBuf::from(fields[1]))
        .collect()
}

/// Lets cgroups below the root of a version 2 hierarchy use the controllers. In a container that root is an ordinary
/// cgroup, which may not hold processes itself then.
fn delegate(root: &Path) -> Result<()> {
    let available = fs::read_to_string(root.join("cgroup.controllers")).unwrap_or_default();
    let available: Vec<_> = available.split_whitespace().collect();
    let enable = |controller: &str| fs::write(root.join("cgroup.subtree_control"), format!("+{controller}"));
    let wanted = || {
        CONTROLLERS
            .into_iter()
            .filter(|controller| available.contains(controller))
    };
    if wanted().all(|controller| enable(controller).is_ok()) {
        return Ok(());
    }
    let leaf = root.join("init");
    fs::create_dir_all(&leaf).map_err(Error::file("create the cgroup", &leaf))?;
    let processes = fs::read_to_string(root.join("cgroup.procs")).unwrap_or_default();
    for process in processes.lines() {
        // A process that has ended cannot be moved, and need not be.
        let _ = fs::write(leaf.join("cgroup.procs"), process);
    }
    for controller in wanted() {
        enable(controller).map_err(Error::file("enable controllers of the cgroup", root))?;
    }
    Ok(())
}

fn remove(folder: &Path) -> io::Result<()> {
    if !folder.exists() {
        return Ok(());
    }
    for entry in fs::read_dir(folder)?.flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            remove(&entry.path())?;
        }
    }
    fs::remove_dir(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hierarchies_of_both_versions_are_found() {
        let mounts = "tmpfs /sys/fs/cgroup tmpfs rw 0 0\ncgroup /sys/fs/cgroup/cpu cgroup rw,cpu 0 0\n\
                      cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\nproc /proc proc rw 0 0\n";
        let expected = ["/sys/fs/cgroup/cpu", "/sys/fs/cgroup/unified"].map(PathBuf::from);
        assert_eq!(hierarchies(mounts), expected);
    }
}
