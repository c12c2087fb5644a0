//! Condition types of a ScrapeSource and the reasons that are no failure of a run. Pure.
//!
//! A condition's `reason` is a [`ConditionReason`] or, where a run is to blame, a [`crate::report::Reason`] or
//! [`crate::report::Outcome`].

/// Whether the source has a CronJob that can run as the spec says.
pub const READY: &str = "Ready";

/// Whether the newest run succeeded.
pub const LAST_RUN_SUCCEEDED: &str = "LastRunSucceeded";

/// Whether the newest run that read events met the expectations.
pub const DATA_HEALTHY: &str = "DataHealthy";

/// Whether the metrics of the newest run reached the Pushgateway.
pub const METRICS_PUBLISHED: &str = "MetricsPublished";

/// Every type, in the order in which they are written.
pub const TYPES: [&str; 4] = [READY, LAST_RUN_SUCCEEDED, DATA_HEALTHY, METRICS_PUBLISHED];

/// Every status of a condition (Kubernetes API conventions, "Typical status properties").
pub const STATUSES: [&str; 3] = ["True", "False", "Unknown"];

/// Why a condition is as it is, where no run is to blame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ConditionReason {
    /// The CronJob is in place.
    Scheduled,
    /// The CronJob is in place and suspended.
    Suspended,
    /// The manifest is wrong; an earlier CronJob stays as it was.
    InvalidSource,
    /// The manifest names a Secret that sources of this installation may not name.
    SecretNotAllowed,
    /// The manifest names a volume claim that sources of this installation may not name.
    VolumeNotAllowed,
    /// Another object has the name of the CronJob.
    NameTaken,
    /// A CronJob of this name is being deleted and has not gone yet.
    CronJobDeleting,
    /// The operator has no right to make or change CronJobs here.
    OperatorLacksRights,
    /// Kubernetes refused the CronJob: a quota, a policy, a webhook.
    CronJobRefused,
    /// An older source has the same API name and keeps the metrics.
    ApiNameTaken,
    /// There was no run yet.
    NoRunYet,
    /// No Pushgateway is configured, or nothing was to be pushed.
    NotConfigured,
    /// The metrics are in the Pushgateway.
    Pushed,
    /// The expectations are met.
    AsExpected,
}

impl ConditionReason {
    /// Every reason, in the order of this enum.
    pub const ALL: [Self; 14] = [
        Self::Scheduled,
        Self::Suspended,
        Self::InvalidSource,
        Self::SecretNotAllowed,
        Self::VolumeNotAllowed,
        Self::NameTaken,
        Self::CronJobDeleting,
        Self::OperatorLacksRights,
        Self::CronJobRefused,
        Self::ApiNameTaken,
        Self::NoRunYet,
        Self::NotConfigured,
        Self::Pushed,
        Self::AsExpected,
    ];

    /// The reason as it is written in conditions and events.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Scheduled => "Scheduled",
            Self::Suspended => "Suspended",
            Self::InvalidSource => "InvalidSource",
            Self::SecretNotAllowed => "SecretNotAllowed",
            Self::VolumeNotAllowed => "VolumeNotAllowed",
            Self::NameTaken => "NameTaken",
            Self::CronJobDeleting => "CronJobDeleting",
            Self::OperatorLacksRights => "OperatorLacksRights",
            Self::CronJobRefused => "CronJobRefused",
            Self::ApiNameTaken => "ApiNameTaken",
            Self::NoRunYet => "NoRunYet",
            Self::NotConfigured => "NotConfigured",
            Self::Pushed => "Pushed",
            Self::AsExpected => "AsExpected",
        }
    }
}
