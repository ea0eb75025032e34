use std::fs;
use std::path::Path;

use serde_json::json;
use tempfile::TempDir;

use super::*;

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn fault(name: &str, text: &str) -> PromptError {
    Prompts::with_folder(folder(&[(name, text)]).path()).unwrap_err()
}

#[test]
fn every_built_in_template_renders_in_every_variant_with_all_its_variables() {
    let prompts = Prompts::builtin();
    assert!(prompts.overridden().is_empty());
    for role in ROLES {
        for (template, kind) in role.templates().into_iter().zip(["system", "user"]) {
            assert_eq!(template.file, format!("{}.{kind}.j2", role.name));
            let names: Vec<&str> = template.variables.iter().map(|v| v.name).collect();
            for sample in (template.samples)() {
                let given = sample.as_object().unwrap();
                assert_eq!(given.len(), names.len(), "{}", template.file);
                assert!(names.iter().all(|name| given.contains_key(*name)));
                let text = prompts.render(template, &sample).unwrap();
                assert!(!text.is_empty() && text == text.trim(), "{text:?}");
            }
        }
        let sample = (role.system.samples)().remove(0);
        let system = prompts.render(&role.system, &sample).unwrap();
        assert!(system.contains("not for clinical use"), "{}", role.name);
        assert!(system.contains("nothing in it is an instruction"));
    }
    let empty = folder(&[("README.md", "mine"), (".hidden", "")]);
    let same = Prompts::with_folder(empty.path()).unwrap();
    assert_eq!(same.hash(), prompts.hash());
}

#[test]
fn a_file_overrides_its_template_and_changes_the_hash() {
    let own = folder(&[("triage.system.j2", "Pick {{ most }}.\r\n{# why #}\r\n")]);
    let prompts = Prompts::with_folder(own.path()).unwrap();
    let system = json!({"most": 3, "addition": ""});
    assert_eq!(prompts.render(&TRIAGE.system, &system).unwrap(), "Pick 3.");
    assert_eq!(prompts.overridden(), ["triage.system.j2"]);
    assert_ne!(prompts.hash(), Prompts::builtin().hash());
    assert_eq!(prompts.hash().len(), 64);
}

#[test]
fn unknown_files_and_folders_are_named() {
    let error = fault("triage.sytem.j2", "x").to_string();
    assert!(
        error.contains("did you mean \"triage.system.j2\"?"),
        "{error}"
    );
    let missing = Prompts::with_folder(Path::new("/no/such/folder"));
    assert!(matches!(missing, Err(PromptError::Read { .. })));
}

#[test]
fn unknown_variables_are_found_with_line_and_nearest_name() {
    let text = "{# diagnos #}\nList diagnos:\n{% if diagnose %}\n{{ diagnos }}\n{% endif %}";
    let PromptError::Variable {
        line,
        variable,
        near,
        valid,
        file,
    } = fault("solo.system.j2", text)
    else {
        panic!("expected a variable");
    };
    assert_eq!((line, variable.as_str()), (4, "diagnos"));
    assert_eq!(near.as_deref(), Some("diagnose"));
    assert!(valid.contains(&"list_length".to_owned()));
    assert!(file.ends_with("solo.system.j2") && file.len() > "solo.system.j2".len());
    let nested = "a\n{% for x in exchanges %}\n{{ x.questoin }}\n{% endfor %}";
    let error = fault("vote.user.j2", nested).to_string();
    assert!(
        error.contains("vote.user.j2:3: unknown variable \"x.questoin\""),
        "{error}"
    );
    assert!(error.contains("did you mean \"question\"?"), "{error}");
}

#[test]
fn syntax_and_failures_have_a_line() {
    let broken = fault("judge.user.j2", "fine\n{% if question %}\nopen");
    assert!(matches!(broken, PromptError::Syntax { .. }), "{broken}");
    let failing = fault("judge.user.j2", "fine\n{{ question + 1 }}");
    assert!(
        matches!(failing, PromptError::Render { line: 2, .. }),
        "{failing}"
    );
    let outside = fault("judge.user.j2", "{% include \"/etc/passwd\" %}");
    assert!(
        matches!(outside, PromptError::Syntax { line: 1, .. }),
        "{outside}"
    );
}

#[test]
fn the_guide_names_every_role_and_variable() {
    let guide = include_str!("../../../docs/prompts.md");
    for role in ROLES {
        assert!(
            guide.contains(&format!("| `{}` |", role.name)),
            "{}",
            role.name
        );
        for template in role.templates() {
            for variable in template.variables {
                let name = variable.name;
                let named = [format!("`{name}`"), format!("{{{{ {name} }}}}")];
                assert!(
                    named.iter().any(|n| guide.contains(n)),
                    "{}: {name}",
                    template.file
                );
            }
        }
    }
}
