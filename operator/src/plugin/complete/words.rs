//! What may stand where the last word of a command line stands. Pure.

use clap::{Arg, ArgAction, Command};

use crate::plugin::args::ClusterArgs;

/// What is to be offered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// One of these.
    Words(Vec<String>),
    /// The name of a source.
    Sources,
    /// The name of a file.
    Files,
}

/// Whether the value of `flag` follows as a word of its own.
fn takes_value(flag: &Arg) -> bool {
    matches!(flag.get_action(), ArgAction::Set | ArgAction::Append)
}

fn is(flag: &Arg, word: &str) -> bool {
    match word.strip_prefix("--") {
        Some(long) => flag.get_long() == Some(long),
        None => word
            .strip_prefix('-')
            .is_some_and(|short| flag.get_short().is_some_and(|known| short == known.to_string())),
    }
}

/// What the last of `words`, which may be begun or empty, can be.
pub fn wanted(root: &Command, words: &[String]) -> Wanted {
    let Some((last, before)) = words.split_last() else {
        return Wanted::Words(Vec::new());
    };
    let mut command: Option<&Command> = None;
    let mut open: Option<&Arg> = None;
    for word in before {
        if open.take().is_some() {
            continue;
        }
        if word.starts_with('-') {
            open = flags(root, command).find(|flag| takes_value(flag) && is(flag, word));
        } else if command.is_none() {
            command = root.find_subcommand(word);
        }
    }
    if let Some(flag) = open {
        return value_of(flag);
    }
    if last.starts_with('-') {
        let names = flags(root, command).filter_map(Arg::get_long);
        let mut names: Vec<_> = names.map(|name| format!("--{name}")).collect();
        names.push("--help".to_owned());
        return Wanted::Words(names);
    }
    let Some(command) = command else {
        let commands = root.get_subcommands().filter(|command| !command.is_hide_set());
        return Wanted::Words(commands.map(|command| command.get_name().to_owned()).collect());
    };
    match command.get_positionals().next() {
        Some(positional) if positional.get_possible_values().is_empty() => Wanted::Sources,
        Some(positional) => value_of(positional),
        None => Wanted::Words(Vec::new()),
    }
}

/// The flags of the command, and those of every command.
fn flags<'c>(root: &'c Command, command: Option<&'c Command>) -> impl Iterator<Item = &'c Arg> {
    let own = command.into_iter().flat_map(Command::get_arguments);
    own.chain(root.get_arguments())
        .filter(|argument| !argument.is_positional() && !argument.is_hide_set())
}

fn value_of(flag: &Arg) -> Wanted {
    let values = flag.get_possible_values();
    if !values.is_empty() {
        let names = values.iter().map(|value| value.get_name().to_owned());
        return Wanted::Words(names.collect());
    }
    let takes_file = flag
        .get_value_names()
        .is_some_and(|names| names.iter().any(|name| matches!(name.as_str(), "PATH" | "FILE")));
    match takes_file {
        true => Wanted::Files,
        false => Wanted::Words(Vec::new()),
    }
}

/// Which cluster a command line that is not finished is about.
pub fn cluster(words: &[String]) -> ClusterArgs {
    let value = |long: &str, short: &str| {
        let mut found = None;
        for (index, word) in words.iter().enumerate() {
            if word == long || (!short.is_empty() && word == short) {
                found = words.get(index + 1).cloned();
            } else if let Some(value) = word.strip_prefix(long).and_then(|rest| rest.strip_prefix('=')) {
                found = Some(value.to_owned());
            }
        }
        found.filter(|value| !value.is_empty())
    };
    ClusterArgs {
        kubeconfig: value("--kubeconfig", "").map(Into::into),
        context: value("--context", ""),
        cluster: value("--cluster", ""),
        user: value("--user", ""),
        namespace: value("--namespace", "-n"),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::plugin::args::Args;

    fn offered(words: &[&str]) -> Wanted {
        let words: Vec<_> = words.iter().map(|word| (*word).to_owned()).collect();
        let mut root = Args::command();
        root.build();
        wanted(&root, &words)
    }

    fn words(words: &[&str]) -> Vec<String> {
        match offered(words) {
            Wanted::Words(words) => words,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn first_comes_a_command_and_hidden_ones_stay_hidden() {
        let commands = words(&[""]);
        for name in [
            "get",
            "run",
            "suspend",
            "resume",
            "logs",
            "preview",
            "status",
            "completions",
        ] {
            assert!(commands.contains(&name.to_owned()), "{commands:?}");
        }
        assert!(!commands.contains(&"__complete".to_owned()));
        assert_eq!(words(&["-n", "music", "g"]), commands);
    }

    #[test]
    fn then_the_name_of_a_source() {
        assert_eq!(offered(&["run", ""]), Wanted::Sources);
        assert_eq!(offered(&["get", "a", "b"]), Wanted::Sources);
        assert_eq!(offered(&["-n", "music", "logs", "-f", "s"]), Wanted::Sources);
    }

    #[test]
    fn flags_and_their_values_are_offered() {
        let flags = words(&["run", "--"]);
        for flag in ["--wait", "--timeout", "--namespace", "--help"] {
            assert!(flags.contains(&flag.to_owned()), "{flags:?}");
        }
        assert_eq!(
            words(&["get", "-o", ""]),
            ["table", "wide", "json", "yaml", "name"]
        );
        assert_eq!(offered(&["preview", "-f", ""]), Wanted::Files);
        assert_eq!(offered(&["--kubeconfig", ""]), Wanted::Files);
        assert!(words(&["completions", ""]).contains(&"kubectl".to_owned()));
        assert!(words(&["-n", ""]).is_empty());
    }

    #[test]
    fn the_cluster_of_an_unfinished_line_is_understood() {
        let words = ["run", "--context=home", "-n", "music", ""].map(str::to_owned);
        let cluster = cluster(&words);
        assert_eq!(cluster.context.as_deref(), Some("home"));
        assert_eq!(cluster.namespace.as_deref(), Some("music"));
    }
}
