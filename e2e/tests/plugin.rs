//! The kubectl plugin against an installation: what it shows is so, and what it does is done. It has exactly the rights
//! that its reference page lists. In a file of its own: its operator watches the whole cluster. IO.
#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

#[path = "plugin/previews.rs"]
mod previews;
#[path = "plugin/probes.rs"]
mod probes;
#[path = "plugin/reports.rs"]
mod reports;
#[path = "plugin/runs.rs"]
mod runs;
#[path = "plugin/scene.rs"]
mod scene;
#[path = "plugin/user.rs"]
mod user;

use scene::Scene;

#[tokio::test]
async fn the_plugin_shows_and_steers_sources() {
    let Some(scene) = Scene::set().await else {
        return;
    };
    probes::find_the_operator_ready_and_create_nothing(&scene).await;
    previews::store_push_and_count_nothing(&scene).await;
    runs::are_shown_started_and_followed(&scene).await;
    runs::are_suspended_and_resumed(&scene).await;
    reports::tell_everything_but_secrets(&scene).await;
    scene.end().await;
}
