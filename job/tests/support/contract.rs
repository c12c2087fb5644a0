//! `contract!`: the same cases on SQLite, PostgreSQL and PgBouncer. Pure; the tests that it makes are IO.

/// Makes a test on each database of every case `group: case, …;`, a function that takes a `crate::bench::Bench`.
macro_rules! contract {
    ($($group:ident: $($case:ident),+;)+) => {
        mod sqlite {
            $($(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    crate::$group::$case(crate::bench::Bench::sqlite()).await;
                }
            )+)+
        }
        mod postgres {
            $($(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    if let Some(bench) = crate::bench::Bench::postgres().await {
                        crate::$group::$case(bench).await;
                    }
                }
            )+)+
        }
        mod pgbouncer {
            $($(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    if let Some(bench) = crate::bench::Bench::pgbouncer().await {
                        crate::$group::$case(bench).await;
                    }
                }
            )+)+
        }
    };
}
