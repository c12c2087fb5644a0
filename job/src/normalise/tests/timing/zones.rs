//! Zones, the change of clocks, and the rules of a manifest. Pure.

use serde_json::json;
use sms_crds::{
    DurationString,
    v1alpha1::{DateRules, MidnightRule},
};

use super::super::{check, one};

#[test]
fn zones_and_the_change_of_clocks_are_kept() {
    check(
        None,
        vec![
            (json!({"start": "2026-03-08T02:30"}), "2026-03-08T03:30:00-07:00"),
            (json!({"start": "2026-11-01T01:30"}), "2026-11-01T01:30:00-07:00"),
            (
                json!({"start": "2026-11-01T01:30:00-08:00"}),
                "2026-11-01T01:30:00-08:00",
            ),
            (
                json!({"start": "2026-03-07T23:00", "end": "2026-03-08T03:00"}),
                "2026-03-07T23:00:00-08:00 > 2026-03-08T03:00:00-07:00",
            ),
            (
                json!({"start": "2026-05-10T19:30", "timeZone": "America/New_York"}),
                "2026-05-10T19:30:00-04:00",
            ),
            (
                json!({"start": "2026-05-10T19:30:00Z", "timeZone": "Europe/Berlin"}),
                "2026-05-10T21:30:00+02:00",
            ),
            (
                json!({"start": "2026-05-10T19:30", "timeZone": "Mars/Olympus"}),
                "2026-05-10T19:30:00-07:00",
            ),
            (
                json!({"start": "2026-02-19T09:00", "timeZone": "-0800"}),
                "2026-02-19T09:00:00-08:00",
            ),
            (
                json!({"start": "2026-02-19T09:00", "timeZone": "-05:00"}),
                "2026-02-19T06:00:00-08:00",
            ),
            (
                json!({"start": "2026-05-10T19:30:00-04:00[America/New_York]"}),
                "2026-05-10T19:30:00-04:00",
            ),
        ],
    );
    assert_eq!(
        one(&json!({"start": "2026-05-10T19:30"})).time_zone,
        "America/Los_Angeles"
    );
    assert_eq!(
        one(&json!({"start": "2026-05-10T19:30", "timeZone": "Europe/Berlin"})).time_zone,
        "Europe/Berlin"
    );
}

#[test]
fn rules_fill_what_pages_leave_out() {
    let rules = DateRules {
        default_time: Some("20:00".into()),
        default_duration: Some(DurationString::new("2h")),
        ..DateRules::default()
    };
    check(
        Some(&rules),
        vec![
            (
                json!({"date": "May 8"}),
                "2026-05-08T20:00:00-07:00 > 2026-05-08T22:00:00-07:00",
            ),
            (
                json!({"date": "May 8", "time": "TBA"}),
                "2026-05-08T20:00:00-07:00 > 2026-05-08T22:00:00-07:00",
            ),
            (
                json!({"date": "May 8", "time": "9pm"}),
                "2026-05-08T21:00:00-07:00 > 2026-05-08T23:00:00-07:00",
            ),
            (
                json!({"date": "May 8", "time": "9pm", "duration": 30}),
                "2026-05-08T21:00:00-07:00 > 2026-05-08T21:30:00-07:00",
            ),
            (
                json!({"date": "May 8", "doors": "7pm"}),
                "2026-05-08T19:00:00-07:00 > 2026-05-08T21:00:00-07:00 doors 2026-05-08T19:00:00-07:00",
            ),
            (json!({"date": "May 8", "allDay": true}), "2026-05-08 all day"),
            (json!({"when": "May 8 - 10"}), "2026-05-08 > 2026-05-10"),
        ],
    );
    let rules = DateRules {
        midnight: MidnightRule::Unknown,
        ..DateRules::default()
    };
    check(
        Some(&rules),
        vec![
            (json!({"start": "2026-05-25 00:00:00"}), "2026-05-25"),
            (json!({"start": "2026-05-25T07:00:00Z"}), "2026-05-25"),
            (
                json!({"start": "2026-05-25T00:00:00", "end": "2026-05-27T00:00:00"}),
                "2026-05-25 > 2026-05-27",
            ),
            (
                json!({"start": "2026-05-25T00:00:01"}),
                "2026-05-25T00:00:01-07:00",
            ),
        ],
    );
    check(
        None,
        vec![(
            json!({"start": "2026-05-25 00:00:00"}),
            "2026-05-25T00:00:00-07:00",
        )],
    );
}
