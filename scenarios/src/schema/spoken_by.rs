//! `--model`: one model in place of all models of a scenario, and a voice where nobody speaks.

use std::path::Path;

use super::{
    diagnostics::{Problem, ProblemKind},
    document::{Data, Entry, Node, Table},
    layers::{assignment, merge},
    load::Layer,
    source::{Origin, Source},
};

/// The flag.
const FLAG: &str = "--model";
/// Name of the model and of the policy that are added.
pub(crate) const MODEL_POLICY: &str = "model";

/// A model that was named on the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelChoice {
    /// `openai/NAME`, `URL#NAME`, or a folder or GGUF file of weights.
    pub model: String,
    /// Environment variable that holds the key of the server.
    pub key_env: Option<String>,
}

/// Puts the model in place of every model of the scenario, and lets it speak where nobody does.
///
/// Where a policy of the team asks a model, it asks this one. Else the team is given a policy that
/// does; where arms name policies of their own, they stay, and an arm is added.
///
/// # Errors
/// A text that names no model.
pub(super) fn give_model(
    table: &mut Table,
    layers: &mut Vec<Layer>,
    choice: &ModelChoice,
) -> Result<(), Problem> {
    give_models(table, choice)?;
    let arms_speak = layers.iter().any(|layer| {
        let mut changed = table.clone();
        merge(&mut changed, layer.set.clone());
        speaks(&changed)
    });
    if arms_speak || (layers.is_empty() && speaks(table)) {
        return Ok(());
    }
    merge(
        table,
        assignment(
            FLAG,
            "policies.model = { kind = \"language\", model = \"model\" }",
        )?,
    );
    let team = assignment(FLAG, "agents.team.policy = \"model\"")?;
    let named = |layer: &Layer| value(&layer.set, &["agents", "team", "policy"]).is_some();
    if !layers.iter().any(named) {
        merge(table, team);
        return Ok(());
    }
    let place = place(choice);
    layers.push(Layer {
        name: free_name(layers),
        place,
        set: team,
    });
    Ok(())
}

/// The model in place of every model.
///
/// # Errors
/// A text that names no model.
pub(super) fn give_models(table: &mut Table, choice: &ModelChoice) -> Result<(), Problem> {
    let text = model_table(choice)?;
    let mut names: Vec<String> = match table.get("models").map(|entry| &entry.value.data) {
        Some(Data::Table(models)) => models.keys().cloned().collect(),
        _ => Vec::new(),
    };
    if !names.iter().any(|name| name == MODEL_POLICY) {
        names.push(MODEL_POLICY.to_owned());
    }
    for name in names {
        if let Some(Data::Table(models)) = table.get_mut("models").map(|e| &mut e.value.data) {
            models.remove(&name);
        }
        let key = super::write::key(&name);
        merge(table, assignment(FLAG, &format!("models.{key} = {text}"))?);
    }
    Ok(())
}

/// The table of the model, as TOML.
fn model_table(choice: &ModelChoice) -> Result<String, Problem> {
    let text = choice.model.trim();
    let string = |text: &str| toml::Value::String(text.to_owned()).to_string();
    let key = choice.key_env.as_ref().map_or(String::new(), |name| {
        format!(", key_env = {}", string(name))
    });
    if let Some(name) = text.strip_prefix("openai/").filter(|name| !name.is_empty()) {
        return Ok(format!(
            "{{ kind = \"openai\", model = {}{key} }}",
            string(name)
        ));
    }
    let is_url = text.starts_with("http://") || text.starts_with("https://");
    if let (true, Some((url, name))) = (is_url, text.split_once('#'))
        && !name.is_empty()
    {
        return Ok(format!(
            "{{ kind = \"openai\", model = {}, base_url = {}{key} }}",
            string(name),
            string(url)
        ));
    }
    let path = Path::new(text);
    let is_gguf = path.extension().is_some_and(|e| e == "gguf") && path.is_file();
    if !is_url && (path.is_dir() || is_gguf) {
        // What is typed is seen from the working directory.
        let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        if let Some(whole) = whole.to_str() {
            return Ok(format!("{{ kind = \"candle\", path = {} }}", string(whole)));
        }
    }
    let why = match is_url {
        true => "no `#NAME` behind the URL",
        false => "none of them, and no folder or .gguf file is there",
    };
    let problem = Problem::at(
        &place(choice),
        ProblemKind::UnknownValue,
        format!("`{FLAG}` takes `openai/NAME`, `URL#NAME`, or a folder or .gguf file of weights"),
        why,
    );
    Err(problem.help(
        "for example `--model openai/gpt-4o-mini`, `--model http://127.0.0.1:8080/v1#loopback` or \
         `--model models/my-model`",
    ))
}

fn place(choice: &ModelChoice) -> Origin {
    let source = Source::argument(FLAG, choice.model.clone());
    Origin::new(&source, 0..choice.model.len())
}

/// Whether a policy of the team asks a model.
fn speaks(table: &Table) -> bool {
    let Some(Data::Table(team)) = value(table, &["agents", "team"]).map(|node| &node.data) else {
        return false;
    };
    let members = match team.get("members").map(|entry| &entry.value.data) {
        Some(Data::Table(members)) => members.values().collect(),
        _ => Vec::new(),
    };
    let mut names = team.get("policy").into_iter().chain(members);
    names.any(|entry: &Entry| {
        let Data::String(name) = &entry.value.data else {
            return false;
        };
        let kind = value(table, &["policies", name, "kind"]).map(|node| &node.data);
        matches!(kind, Some(Data::String(kind)) if kind == "language")
    })
}

fn value<'a>(table: &'a Table, keys: &[&str]) -> Option<&'a Node> {
    let (first, rest) = keys.split_first()?;
    let node = &table.get(*first)?.value;
    match (&node.data, rest) {
        (_, []) => Some(node),
        (Data::Table(inner), _) => value(inner, rest),
        _ => None,
    }
}

fn free_name(layers: &[Layer]) -> String {
    let mut name = MODEL_POLICY.to_owned();
    while layers.iter().any(|layer| layer.name == name) {
        name.push('*');
    }
    name
}
