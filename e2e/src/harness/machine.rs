//! What this machine allows, as far as configuration depends on it. IO.

use std::{fs, path::PathBuf};

/// Capability number of `CAP_SYS_RESOURCE`.
const SYS_RESOURCE: u32 = 24;
/// `statfs` type of overlayfs.
const OVERLAY: i64 = 0x794c_7630;

/// What configuration needs to know of the machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine {
    /// Name of the cgroup, in every hierarchy, below which Pods are.
    pub cgroup: String,
    /// Whether processes may get a lower OOM score than their parent.
    pub may_lower_oom_score: bool,
    /// Containerd's snapshotter: an overlay cannot lie on another one, as in CI inside a container.
    pub snapshotter: &'static str,
    /// Where the network plugins are.
    pub cni_plugins: PathBuf,
}

impl Machine {
    /// Looks at the machine. `state` is where images will lie.
    pub fn observe(cgroup: String, state: &std::path::Path) -> Self {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let on_overlay = rustix::fs::statfs(state).is_ok_and(|found| found.f_type == OVERLAY);
        Self {
            cgroup,
            may_lower_oom_score: has_capability(&status, SYS_RESOURCE),
            snapshotter: if on_overlay { "native" } else { "overlayfs" },
            cni_plugins: cni_plugins(),
        }
    }
}

/// Debian's folder of network plugins, or everybody else's.
pub fn cni_plugins() -> PathBuf {
    let folders = ["/usr/lib/cni", "/opt/cni/bin"].map(PathBuf::from);
    let found = folders.iter().find(|folder| folder.join("ptp").exists());
    found.unwrap_or(&folders[0]).clone()
}

fn has_capability(status: &str, number: u32) -> bool {
    status
        .lines()
        .find_map(|line| line.strip_prefix("CapEff:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .is_some_and(|mask| mask >> number & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_capability_is_a_bit_of_the_effective_mask() {
        assert!(!has_capability(
            "CapPrm:\t000001ffffffffff\nCapEff:\t000001fffeffffff\n",
            SYS_RESOURCE
        ));
        assert!(has_capability("CapEff:\t000001fffeffffff\n", 23));
        assert!(has_capability("CapEff:\t0000000001000000\n", SYS_RESOURCE));
        assert!(!has_capability("", SYS_RESOURCE));
    }
}
