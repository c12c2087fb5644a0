//! The table of all rows, and what is missing from it. Pure, but for reading the rows.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
};

use comfy_table::{ContentArrangement, Table, presets};

use crate::{Group, Row};

/// Why there is no table.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// A file or folder cannot be read.
    #[error("{}: {source}", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file is no row.
    #[error("{} is no row of a proof: {source}", path.display())]
    Parse {
        /// The file.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
}

/// The attacks that each group has to show: one name a line in `<group>.txt`.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Expected(BTreeMap<Group, BTreeSet<String>>);

impl Expected {
    /// Reads the lists of a folder; a group without a list shows nothing.
    ///
    /// # Errors
    /// [`TableError::Read`] when a list is there and cannot be read.
    pub fn read(folder: &Path) -> Result<Self, TableError> {
        let mut expected = BTreeMap::new();
        for group in Group::ALL {
            let path = folder.join(format!("{}.txt", group.slug()));
            let text = match fs::read_to_string(&path) {
                Ok(text) => text,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(source) => return Err(TableError::Read { path, source }),
            };
            let names = text.lines().map(str::trim).filter(|line| !line.is_empty());
            expected.insert(group, names.map(str::to_owned).collect());
        }
        Ok(Self(expected))
    }
}

/// Reads every row below a folder, in the order of the table.
pub(crate) fn read_rows(folder: &Path) -> Result<Vec<Row>, TableError> {
    let mut rows = Vec::new();
    for group in Group::ALL {
        let folder = folder.join(group.slug());
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(source) => return Err(TableError::Read { path: folder, source }),
        };
        for entry in entries {
            let path = entry
                .map_err(|source| TableError::Read {
                    path: folder.clone(),
                    source,
                })?
                .path();
            let text = fs::read(&path).map_err(|source| TableError::Read {
                path: path.clone(),
                source,
            })?;
            rows.push(serde_json::from_slice(&text).map_err(|source| TableError::Parse { path, source })?);
        }
    }
    rows.sort_by(|a: &Row, b: &Row| (a.group, &a.attack).cmp(&(b.group, &b.attack)));
    Ok(rows)
}

/// The rows of a folder beside the attacks that have to be there: what there is, and a sentence for each fault.
///
/// # Errors
/// [`TableError`] when a row cannot be read.
pub fn compare(folder: &Path, expected: &Expected) -> Result<(Vec<Row>, Vec<String>), TableError> {
    let rows = read_rows(folder)?;
    let faults = faults(&rows, expected);
    Ok((rows, faults))
}

fn faults(rows: &[Row], expected: &Expected) -> Vec<String> {
    let mut faults = Vec::new();
    let shown: BTreeSet<_> = rows.iter().map(|row| (row.group, row.attack.as_str())).collect();
    for (group, names) in &expected.0 {
        let missing = names
            .iter()
            .filter(|name| !shown.contains(&(*group, name.as_str())));
        faults.extend(missing.map(|name| {
            format!(
                "{}: no row of \"{name}\": its test did not come that far",
                group.slug()
            )
        }));
    }
    for row in rows {
        let listed = expected
            .0
            .get(&row.group)
            .is_some_and(|names| names.contains(&row.attack));
        if !listed {
            let list = format!("bench/proof/rows/{}.txt", row.group.slug());
            faults.push(format!(
                "{}: \"{}\" is not in {list}: add it",
                row.group.slug(),
                row.attack
            ));
        }
        if !row.pass {
            faults.push(format!(
                "{}: \"{}\": {}, goal {}",
                row.group.slug(),
                row.attack,
                row.figure,
                row.goal
            ));
        }
    }
    faults
}

/// The table as text.
pub fn render(rows: &[Row]) -> String {
    let mut table = Table::new();
    table
        .load_style(presets::ASCII_MARKDOWN)
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header(["part", "attack or workload", "figure", "goal", "pass"]);
    for row in rows {
        let pass = if row.pass { "yes" } else { "NO" };
        table.add_row([row.group.slug(), &row.attack, &row.figure, &row.goal, pass]);
    }
    table.to_string()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn row(attack: &str, pass: bool) -> Row {
        Row {
            group: Group::Work,
            attack: attack.to_owned(),
            figure: "3 writes".to_owned(),
            goal: "2 writes".to_owned(),
            pass,
        }
    }

    fn expected(names: &[&str]) -> Expected {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        Expected(BTreeMap::from([(Group::Work, names)]))
    }

    #[test]
    fn a_proof_with_every_row_and_every_goal_met_has_no_fault() {
        assert_eq!(
            faults(&[row("a", true), row("b", true)], &expected(&["a", "b"])),
            [""; 0]
        );
    }

    #[test]
    fn a_row_that_is_missing_unlisted_or_misses_its_goal_is_a_fault() {
        let told = faults(&[row("b", false), row("c", true)], &expected(&["a", "b"]));
        assert_eq!(
            told,
            [
                "work: no row of \"a\": its test did not come that far",
                "work: \"b\": 3 writes, goal 2 writes",
                "work: \"c\" is not in bench/proof/rows/work.txt: add it",
            ]
        );
    }

    #[test]
    fn rows_come_back_from_their_folder_as_they_were_written() {
        let folder = tempfile::tempdir().unwrap();
        let rows = [row("a: first", true), row("b: second", false)];
        for row in &rows {
            row.write(folder.path()).unwrap();
        }
        assert_eq!(read_rows(folder.path()).unwrap(), rows);
    }

    #[test]
    fn a_file_that_is_no_row_is_named() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("work")).unwrap();
        fs::write(folder.path().join("work/a.json"), "{}").unwrap();
        let error = read_rows(folder.path()).unwrap_err().to_string();
        assert!(
            error.contains("work/a.json is no row of a proof: missing field"),
            "{error}"
        );
    }

    #[test]
    fn the_table_shows_what_fails_in_capitals() {
        let text = render(&[row("a", false)]);
        assert!(text.lines().last().unwrap().ends_with("| NO   |"), "{text}");
    }
}
