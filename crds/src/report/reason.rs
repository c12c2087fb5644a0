//! Why a run failed, and why an item was not made an event: the closed vocabularies of reasons. Pure.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Why a run failed or is suspicious.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// The manifest is wrong.
    InvalidSource,
    /// A secret that the manifest names is not there.
    SecretMissing,
    /// An address that may not be reached: private, loopback, link-local, metadata.
    AddressForbidden,
    /// `robots.txt` disallows the page.
    RobotsDisallowed,
    /// The host name has no address.
    DnsFailed,
    /// No connection, or it broke.
    ConnectFailed,
    /// The TLS handshake failed.
    TlsFailed,
    /// A time limit passed.
    TimedOut,
    /// The server says: too many requests.
    RateLimited,
    /// The server answered with an error status.
    HttpStatus,
    /// Too many redirects, or one to a scheme that is not followed.
    RedirectRefused,
    /// The body is larger than `maxBodyBytes`.
    BodyTooLarge,
    /// The body could not be decompressed or ended early.
    BodyBroken,
    /// A file could not be read.
    FileUnreadable,
    /// The page is not of the kind that the manifest says.
    ParseFailed,
    /// Reading the page hit a limit of time, memory or depth.
    LimitExceeded,
    /// A jq program failed or used something that is not allowed.
    ProgramFailed,
    /// Fewer events than `minEvents`.
    TooFewEvents,
    /// More events vanished than `maxDropPercent` allows.
    DropDetected,
    /// A required field is missing.
    FieldMissing,
    /// Another run of this source holds the lease.
    LeaseHeld,
    /// The store could not be reached.
    StoreUnavailable,
    /// The store refused a write.
    StoreFailed,
    /// The metrics could not be pushed.
    PushFailed,
    /// The process was told to stop.
    Interrupted,
    /// A bug in this program.
    Internal,
    /// The container used more memory than its limit.
    OOMKilled,
    /// The node pushed the Pod out.
    Evicted,
    /// The Job took longer than `job.activeDeadlineSeconds`.
    DeadlineExceeded,
    /// The image of the job cannot be pulled.
    ImagePullFailed,
    /// No node takes the Pod.
    Unschedulable,
    /// What the settings of the operator refer to is not there or cannot be used.
    ContainerConfigInvalid,
    /// The Pod ended without a report.
    PodFailed,
}

impl Reason {
    /// Every reason, in the order of this enum.
    pub const ALL: [Self; 33] = [
        Self::InvalidSource,
        Self::SecretMissing,
        Self::AddressForbidden,
        Self::RobotsDisallowed,
        Self::DnsFailed,
        Self::ConnectFailed,
        Self::TlsFailed,
        Self::TimedOut,
        Self::RateLimited,
        Self::HttpStatus,
        Self::RedirectRefused,
        Self::BodyTooLarge,
        Self::BodyBroken,
        Self::FileUnreadable,
        Self::ParseFailed,
        Self::LimitExceeded,
        Self::ProgramFailed,
        Self::TooFewEvents,
        Self::DropDetected,
        Self::FieldMissing,
        Self::LeaseHeld,
        Self::StoreUnavailable,
        Self::StoreFailed,
        Self::PushFailed,
        Self::Interrupted,
        Self::Internal,
        Self::OOMKilled,
        Self::Evicted,
        Self::DeadlineExceeded,
        Self::ImagePullFailed,
        Self::Unschedulable,
        Self::ContainerConfigInvalid,
        Self::PodFailed,
    ];

    /// The reason as it is written in reports, conditions and events.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidSource => "InvalidSource",
            Self::SecretMissing => "SecretMissing",
            Self::AddressForbidden => "AddressForbidden",
            Self::RobotsDisallowed => "RobotsDisallowed",
            Self::DnsFailed => "DnsFailed",
            Self::ConnectFailed => "ConnectFailed",
            Self::TlsFailed => "TlsFailed",
            Self::TimedOut => "TimedOut",
            Self::RateLimited => "RateLimited",
            Self::HttpStatus => "HttpStatus",
            Self::RedirectRefused => "RedirectRefused",
            Self::BodyTooLarge => "BodyTooLarge",
            Self::BodyBroken => "BodyBroken",
            Self::FileUnreadable => "FileUnreadable",
            Self::ParseFailed => "ParseFailed",
            Self::LimitExceeded => "LimitExceeded",
            Self::ProgramFailed => "ProgramFailed",
            Self::TooFewEvents => "TooFewEvents",
            Self::DropDetected => "DropDetected",
            Self::FieldMissing => "FieldMissing",
            Self::LeaseHeld => "LeaseHeld",
            Self::StoreUnavailable => "StoreUnavailable",
            Self::StoreFailed => "StoreFailed",
            Self::PushFailed => "PushFailed",
            Self::Interrupted => "Interrupted",
            Self::Internal => "Internal",
            Self::OOMKilled => "OOMKilled",
            Self::Evicted => "Evicted",
            Self::DeadlineExceeded => "DeadlineExceeded",
            Self::ImagePullFailed => "ImagePullFailed",
            Self::Unschedulable => "Unschedulable",
            Self::ContainerConfigInvalid => "ContainerConfigInvalid",
            Self::PodFailed => "PodFailed",
        }
    }

    /// Whether the cluster ended the run, or kept it from starting.
    pub fn is_of_the_cluster(self) -> bool {
        matches!(
            self,
            Self::OOMKilled
                | Self::Evicted
                | Self::DeadlineExceeded
                | Self::ImagePullFailed
                | Self::Unschedulable
                | Self::ContainerConfigInvalid
                | Self::PodFailed
        )
    }

    /// Whether it keeps Pods from starting, for as long as nobody changes anything.
    pub fn keeps_from_starting(self) -> bool {
        matches!(
            self,
            Self::ImagePullFailed | Self::Unschedulable | Self::ContainerConfigInvalid
        )
    }

    /// Whether trying again later can help; a reason that cannot is exit code 2.
    pub fn is_transient(self) -> bool {
        !matches!(
            self,
            Self::InvalidSource | Self::SecretMissing | Self::AddressForbidden | Self::ProgramFailed
        )
    }
}

/// Why an item was not made an event; label `reason` of `sms_events_skipped_total`.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SkipReason {
    /// An `exclude` rule matched.
    Excluded,
    /// An `include` rule did not match.
    NotIncluded,
    /// The item has no title.
    MissingTitle,
    /// The item has no date.
    MissingStart,
    /// The date has no year and `dates.year` is `required`.
    MissingYear,
    /// The date or time could not be read.
    InvalidDate,
    /// No year makes the date fall on the weekday that is written beside it.
    WeekdayMismatch,
    /// A field is longer than 64 KiB or of a kind that makes no sense.
    InvalidField,
    /// A `transform` or field program failed on this item.
    TransformFailed,
    /// The item is the same event as an earlier one of the run.
    Duplicate,
}

impl SkipReason {
    /// Every reason, in the order of this enum.
    pub const ALL: [Self; 10] = [
        Self::Excluded,
        Self::NotIncluded,
        Self::MissingTitle,
        Self::MissingStart,
        Self::MissingYear,
        Self::InvalidDate,
        Self::WeekdayMismatch,
        Self::InvalidField,
        Self::TransformFailed,
        Self::Duplicate,
    ];

    /// The reason as it is written in metrics and logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Excluded => "Excluded",
            Self::NotIncluded => "NotIncluded",
            Self::MissingTitle => "MissingTitle",
            Self::MissingStart => "MissingStart",
            Self::MissingYear => "MissingYear",
            Self::InvalidDate => "InvalidDate",
            Self::WeekdayMismatch => "WeekdayMismatch",
            Self::InvalidField => "InvalidField",
            Self::TransformFailed => "TransformFailed",
            Self::Duplicate => "Duplicate",
        }
    }

    /// Whether the manifest asked for it: such a skip is no defect, so the run still counts as rejection-free.
    pub fn is_intended(self) -> bool {
        matches!(self, Self::Excluded | Self::NotIncluded | Self::Duplicate)
    }
}
