//! Names of what the operator makes. Pure.
