//! Records one row of a proof, for scripts: below `SMS_PROOF`, and nothing without it. IO.
//!
//!     proof_row supply-chain 'licences of dependencies' '312 crates, 0 refused' '0 refused' pass|fail

use std::{env, process::ExitCode};

use sms_proof::{Group, Row};

fn main() -> ExitCode {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let Some(row) = row(&arguments) else {
        let groups = Group::ALL.map(Group::slug).join("|");
        eprintln!("usage: proof_row {groups} ATTACK FIGURE GOAL pass|fail");
        return ExitCode::from(2);
    };
    if row.record() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn row(arguments: &[String]) -> Option<Row> {
    let [group, attack, figure, goal, pass] = arguments else {
        return None;
    };
    Some(Row {
        group: Group::ALL.into_iter().find(|known| known.slug() == group)?,
        attack: attack.clone(),
        figure: figure.clone(),
        goal: goal.clone(),
        pass: match pass.as_str() {
            "pass" => true,
            "fail" => false,
            _ => return None,
        },
    })
}
