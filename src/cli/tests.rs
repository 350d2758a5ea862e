//! A walk over the whole command tree, and the answers of commands that need no run.

use clap::Command;
use clap::ValueEnum;
use clap_complete::Shell;

use super::*;

fn walk(command: &Command, path: &str, visit: &mut impl FnMut(&Command, &str)) {
    visit(command, path);
    for sub in command
        .get_subcommands()
        .filter(|sub| sub.get_name() != "help" && !sub.is_hide_set())
    {
        walk(sub, &format!("{path} {}", sub.get_name()), visit);
    }
}

#[test]
fn every_command_and_option_explains_itself() {
    let mut missing = Vec::new();
    walk(&tree(), "nimbus", &mut |command, path| {
        if command.get_about().is_none() {
            missing.push(path.to_owned());
        }
        for arg in command
            .get_arguments()
            .filter(|arg| arg.get_help().is_none())
        {
            missing.push(format!("{path} {arg}"));
        }
    });
    assert!(missing.is_empty(), "without help: {missing:?}");
}

#[test]
fn every_command_takes_the_global_options() {
    walk(&tree(), "nimbus", &mut |command, path| {
        let names: Vec<_> = command
            .get_arguments()
            .map(|arg| arg.get_id().as_str())
            .collect();
        assert!(
            names.contains(&"output") && names.contains(&"quiet"),
            "{path}: {names:?}"
        );
    });
}

#[test]
fn the_tree_is_consistent() {
    Cli::command().debug_assert();
}

#[test]
fn completions_of_every_shell_name_the_commands() {
    for shell in Shell::value_variants() {
        let script = generate::script(*shell);
        assert!(
            script.contains("check-determinism") && script.contains("azure-vm"),
            "{shell}"
        );
    }
}

#[test]
fn the_reference_names_every_command() {
    let page = reference::markdown(&tree());
    walk(&tree(), "nimbus", &mut |_, path| {
        assert!(
            path == "nimbus" || page.contains(&format!("## {path}\n")),
            "{path}"
        );
    });
}

#[test]
fn machine_output_is_recognised_before_the_arguments_are() {
    let words = |text: &str| text.split(' ').map(OsString::from).collect::<Vec<_>>();
    for text in [
        "nimbus x -o json",
        "nimbus --json x",
        "nimbus x --output=json",
        "nimbus -ojson",
    ] {
        assert!(wants_json(&words(text)), "{text}");
    }
    assert!(!wants_json(&words("nimbus replay json")));
}
