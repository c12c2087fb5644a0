//! Prints the table of a proof and fails if a row is missing, unlisted, or misses its goal. IO.
//!
//!     proof_table ROWS EXPECTED     target/proof bench/proof/rows

use std::{env, path::PathBuf, process::ExitCode};

use sms_proof::{Expected, TableError, compare, render};

fn main() -> ExitCode {
    let arguments: Vec<_> = env::args_os().skip(1).map(PathBuf::from).collect();
    let [rows, expected] = arguments.as_slice() else {
        eprintln!("usage: proof_table ROWS EXPECTED");
        return ExitCode::from(2);
    };
    match run(rows, expected) {
        Ok(faults) if faults.is_empty() => ExitCode::SUCCESS,
        Ok(faults) => {
            eprintln!();
            for fault in faults {
                eprintln!("{fault}");
            }
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(rows: &std::path::Path, expected: &std::path::Path) -> Result<Vec<String>, TableError> {
    let (rows, faults) = compare(rows, &Expected::read(expected)?)?;
    println!("{}", render(&rows));
    Ok(faults)
}
