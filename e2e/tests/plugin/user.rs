//! Somebody who uses the plugin, with the rights of its reference page and no others. IO.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use kube::config::{AuthInfo, Kubeconfig};
use sms_e2e::{Cluster, Namespace, operator::HOME};
use tempfile::TempDir;

/// What a command said.
#[derive(Debug)]
pub struct Said {
    pub code: Option<i32>,
    /// Standard output.
    pub product: String,
    /// Standard error.
    pub told: String,
}

impl Said {
    fn of(output: &Output) -> Self {
        Self {
            code: output.status.code(),
            product: String::from_utf8_lossy(&output.stdout).into_owned(),
            told: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// The product of a command that has to succeed.
    pub fn done(self) -> String {
        assert_eq!(self.code, Some(0), "{self:?}");
        self.product
    }

    /// What a command that has to fail like this told.
    pub fn failed(self, code: i32) -> String {
        assert_eq!(self.code, Some(code), "{self:?}");
        self.told
    }
}

/// The user.
pub struct User {
    kubeconfig: PathBuf,
    namespace: String,
}

/// The plugin beside the operator under test.
pub fn program() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.parent().and_then(Path::parent).unwrap().join("kubectl-sms")
}

impl User {
    /// Makes the account in the namespace of the sources and binds the roles of the reference page.
    pub fn create(cluster: &Cluster, namespace: &Namespace, folder: &TempDir) -> Self {
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/reference/kubectl-sms.md");
        let page = fs::read_to_string(page).unwrap();
        let (_, roles) = page.split_once("```yaml\n").unwrap();
        let (roles, _) = roles.split_once("```").unwrap();
        let file = folder.path().join("roles.yaml");
        fs::write(&file, roles).unwrap();
        let name = namespace.name();
        let account = format!("--serviceaccount={name}:plugin-user");
        for arguments in [
            &["apply", "-f", file.to_str().unwrap()][..],
            &["create", "serviceaccount", "plugin-user", "-n", name],
            &[
                "create",
                "rolebinding",
                "plugin-user",
                "--clusterrole=kubectl-sms",
                "-n",
                name,
                &account,
            ],
            &[
                "create",
                "rolebinding",
                name,
                "--clusterrole=kubectl-sms-operator",
                "-n",
                HOME,
                &account,
            ],
            &[
                "create",
                "clusterrolebinding",
                name,
                "--clusterrole=kubectl-sms-status",
                &account,
            ],
        ] {
            let output = cluster.kubectl(arguments);
            assert!(output.status.success(), "{arguments:?} {:?}", Said::of(&output));
        }
        let token = cluster.kubectl(&["create", "token", "plugin-user", "-n", name, "--duration=1h"]);
        let token = Said::of(&token).done().trim().to_owned();
        let mut config = Kubeconfig::read_from(cluster.kubeconfig()).unwrap();
        for user in &mut config.auth_infos {
            user.auth_info = Some(AuthInfo {
                token: Some(token.clone().into()),
                ..AuthInfo::default()
            });
        }
        let kubeconfig = folder.path().join("kubeconfig");
        fs::write(&kubeconfig, serde_json::to_string(&config).unwrap()).unwrap();
        Self {
            kubeconfig,
            namespace: name.to_owned(),
        }
    }

    /// The plugin with these arguments, in the namespace of the sources.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(program());
        command
            .args(["-n", &self.namespace])
            .args(arguments)
            .env_clear()
            .env("KUBECONFIG", &self.kubeconfig);
        command
    }

    /// What the plugin says.
    pub async fn says(&self, arguments: &[&str]) -> Said {
        let mut command = self.command(arguments);
        let output = tokio::task::spawn_blocking(move || command.output().unwrap());
        Said::of(&output.await.unwrap())
    }

    /// What kubectl says, which finds plugin and completion in this folder.
    pub fn kubectl(&self, kubectl: &Path, plugins: &Path, arguments: &[&str]) -> Said {
        let output = Command::new(kubectl)
            .args(arguments)
            .env_clear()
            .env("KUBECONFIG", &self.kubeconfig)
            .env("HOME", "/nonexistent")
            .env("PATH", format!("{}:/usr/bin:/bin", plugins.display()))
            .output();
        Said::of(&output.unwrap())
    }

    /// Its kubeconfig.
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// Its namespace.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }
}
