//! The first process of every Pod: holds its namespaces and does nothing. Compiled by `e2e/images`, by rustc alone.

fn main() {
    loop {
        std::thread::park();
    }
}
