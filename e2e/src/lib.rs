//! A real Kubernetes for tests.
//!
//! ```text
//! cluster run -- COMMAND ──▶ harness: namespaces ─▶ control plane ─▶ node ─▶ COMMAND
//!                                                                             │ environment
//!                                         tests ◀── Cluster, Namespace ◀──────┘
//! ```
//!
//! `harness` starts and supervises; everything else is what a test uses. They share the components' names and the
//! layout of the state folder.

pub mod cluster;
pub mod component;
pub mod crd;
pub mod crowd;
pub mod end_state;
pub mod eventually;
pub mod gate;
pub mod group;
pub mod harness;
pub mod helm;
pub mod http;
pub mod layout;
pub mod namespace;
pub mod operator;
pub mod proxy;
pub mod release;
pub mod requests;
pub mod services;
pub mod source;
pub mod usage;
pub mod venue;

pub use cluster::Cluster;
pub use component::Component;
pub use eventually::eventually;
pub use namespace::Namespace;
pub use operator::Operator;
pub use proxy::Proxy;
pub use release::Release;
pub use source::Source;
pub use venue::Venue;
