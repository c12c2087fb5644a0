//! The whole way on real parts: manifests that ship, two operators in Pods, CronJobs that fire, PostgreSQL, Pushgateway,
//! Prometheus. In a file of its own: its operators watch the whole cluster. IO.
#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

#[path = "whole_way/changes.rs"]
mod changes;
#[path = "whole_way/examples.rs"]
mod examples;
#[path = "whole_way/stack.rs"]
mod stack;
#[path = "whole_way/words.rs"]
mod words;

use stack::Stack;

#[tokio::test]
async fn sources_go_the_whole_way_and_follow_what_is_asked_of_them() {
    let Some(stack) = Stack::start().await else {
        return;
    };
    // Waiting for minutes to pass is most of it.
    tokio::join!(examples::go_the_whole_way(&stack), changes::are_followed(&stack));
    stack.check_queries();
    stack.stop().await;
}
