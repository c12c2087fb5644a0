//! The `ical` kind: a calendar and its horizon. Pure.

use sms_crds::v1alpha1::IcalExtract;

use super::ReadOptions;
use crate::extract::{error::PlanError, fields::FieldPrograms, ical::IcalWindow};

/// Where recurrences begin and end when the manifest does not say, in days.
const DEFAULT_HORIZON_DAYS: i64 = 366;
const DEFAULT_PAST_DAYS: i64 = 30;

/// iCalendar with its horizon in seconds.
pub struct IcalKind {
    past_seconds: i64,
    horizon_seconds: i64,
    pub(super) fields: FieldPrograms,
}

impl IcalKind {
    pub(super) fn compile(spec: &IcalExtract, path: &str) -> Result<Self, PlanError> {
        let seconds = |text: &Option<sms_crds::DurationString>, name: &str, default_days: i64| match text {
            None => Ok(default_days * 86_400),
            Some(text) => text
                .to_std()
                .map(|duration| i64::try_from(duration.as_secs()).unwrap_or(i64::MAX))
                .map_err(|error| PlanError::new(format!("{path}.{name}"), error.to_string())),
        };
        Ok(Self {
            past_seconds: seconds(&spec.past, "past", DEFAULT_PAST_DAYS)?,
            horizon_seconds: seconds(&spec.horizon, "horizon", DEFAULT_HORIZON_DAYS)?,
            fields: FieldPrograms::compile(&spec.fields, path)?,
        })
    }

    pub(super) fn window(&self, options: &ReadOptions<'_>) -> IcalWindow {
        let at = |seconds: i64| {
            options
                .now
                .checked_add(jiff::SignedDuration::from_secs(seconds))
                .unwrap_or(options.now)
        };
        IcalWindow {
            from: at(-self.past_seconds),
            until: at(self.horizon_seconds),
            max_items: options.max_items,
        }
    }
}
