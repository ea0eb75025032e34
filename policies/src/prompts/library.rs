//! The set of prompts that a run uses.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use minijinja::{AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior};
use rounds_environments::nearest::nearest;
use rounds_models::Message;
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::act::ACT;
use super::clinic;
use super::error::PromptError;
use super::patient;
use super::role::{Role, Template};

/// All roles that have prompts.
pub static ROLES: [&Role; 14] = [
    &clinic::TRIAGE,
    &clinic::CONFIDENCE,
    &clinic::SOLO,
    &clinic::PROPOSE,
    &clinic::VOTE,
    &clinic::COORDINATE,
    &patient::INTRODUCE,
    &patient::SUFFICES,
    &patient::ANSWER,
    &patient::FALLBACK,
    &clinic::DOCTOR,
    &clinic::MODERATOR,
    &clinic::JUDGE,
    &ACT,
];

static BUILTIN: LazyLock<Arc<Prompts>> = LazyLock::new(|| Arc::new(Prompts::of(BTreeMap::new()).0));

/// The prompts of all roles.
///
/// # Examples
/// ```
/// # use rounds_policies::prompts::{JUDGE, Prompts};
/// let prompts = Prompts::builtin();
/// let data = r#"{"question":"Was it kind?","transcript":"…"}"#;
/// let user = serde_json::json!({"data": data, "question": "Was it kind?", "transcript": "…"});
/// let messages = prompts.messages(&JUDGE, &serde_json::json!({}), &user)?;
/// assert_eq!(messages[1].content, data);
/// # Ok::<(), rounds_policies::prompts::PromptError>(())
/// ```
pub struct Prompts {
    environment: Environment<'static>,
    hash: String,
    overridden: Vec<String>,
}

impl fmt::Debug for Prompts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prompts")
            .field("hash", &self.hash)
            .field("overridden", &self.overridden)
            .finish_non_exhaustive()
    }
}

impl Prompts {
    /// The built-in prompts.
    pub fn builtin() -> Arc<Self> {
        Arc::clone(&BUILTIN)
    }

    /// The built-in prompts, with those in whose place `folder` has a file of the same name.
    ///
    /// A `README.md` and files whose name begins with a dot are passed over. Every template is
    /// rendered once in each variant of its role.
    ///
    /// # Errors
    /// [`PromptError`]: the folder cannot be read, has a file of an unknown name, or a template
    /// has wrong syntax, an unknown variable or fails.
    pub fn with_folder(folder: &Path) -> Result<Arc<Self>, PromptError> {
        let unreadable = |path: &Path| {
            let path = path.to_path_buf();
            move |source| PromptError::Read { path, source }
        };
        let mut texts = BTreeMap::new();
        let entries = std::fs::read_dir(folder).map_err(unreadable(folder))?;
        let mut paths = entries
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<Result<Vec<_>, _>>()
            .map_err(unreadable(folder))?;
        paths.sort_unstable();
        for path in paths {
            let name = path
                .file_name()
                .map_or_else(String::new, |name| name.to_string_lossy().into_owned());
            if name.starts_with('.') || name == "README.md" {
                continue;
            }
            if !templates().any(|template| template.file == name) {
                let near = nearest(&name, templates().map(|template| template.file));
                let near = near.map(str::to_owned);
                return Err(PromptError::UnknownFile { path, near });
            }
            let text = std::fs::read_to_string(&path).map_err(unreadable(&path))?;
            let text = text.trim_start_matches('\u{feff}').replace("\r\n", "\n");
            texts.insert(name, text);
        }
        let (prompts, fault) = Self::of(texts);
        match fault {
            Some((template, error)) => Err(prompts.located(template, &error, Some(folder))),
            None => {
                prompts.check(folder)?;
                Ok(Arc::new(prompts))
            }
        }
    }

    /// The set with `texts` in place of the built-in ones, and the first that is no template.
    fn of(texts: BTreeMap<String, String>) -> (Self, Option<(&'static Template, Error)>) {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_auto_escape_callback(|_| AutoEscape::None);
        environment.set_trim_blocks(true);
        environment.set_lstrip_blocks(true);
        environment.set_debug(false);
        let mut fault = None;
        let mut all: BTreeMap<&str, String> = BTreeMap::new();
        for template in templates() {
            let own = texts.get(template.file).cloned();
            let text = own.unwrap_or_else(|| template.text.to_owned());
            all.insert(template.file, text.clone());
            if let Err(error) = environment.add_template_owned(template.file, text) {
                fault.get_or_insert((template, error));
            }
        }
        let mut hasher = Sha256::new();
        let mut add = |text: &str| {
            hasher.update((text.len() as u64).to_le_bytes());
            hasher.update(text.as_bytes());
        };
        add("rounds.prompts/1");
        for (file, text) in &all {
            add(file);
            add(text);
        }
        let digest = hasher.finalize();
        let prompts = Self {
            environment,
            hash: format!("{digest:x}"),
            overridden: texts.into_keys().collect(),
        };
        (prompts, fault)
    }

    /// SHA-256 in lower-case hex of all templates with their file names.
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// File names of the templates that are not the built-in ones, sorted.
    pub fn overridden(&self) -> &[String] {
        &self.overridden
    }

    /// The system and the user message of a role.
    ///
    /// `system` and `user` are objects with all variables of the templates.
    ///
    /// # Errors
    /// [`PromptError::Render`] when a template fails with these values.
    pub fn messages(
        &self,
        role: &Role,
        system: &impl Serialize,
        user: &impl Serialize,
    ) -> Result<Vec<Message>, PromptError> {
        Ok(vec![
            Message::new("system", self.render(&role.system, system)?),
            Message::new("user", self.render(&role.user, user)?),
        ])
    }

    /// The text of one template.
    ///
    /// # Errors
    /// [`PromptError::Render`] when it fails with these values.
    pub fn render(
        &self,
        template: &Template,
        context: &impl Serialize,
    ) -> Result<String, PromptError> {
        self.environment
            .get_template(template.file)
            .and_then(|found| found.render(context))
            .map(|text| text.trim_end().to_owned())
            .map_err(|error| self.located(template, &error, None))
    }

    /// Looks for unknown variables, and renders every template in every variant.
    fn check(&self, folder: &Path) -> Result<(), PromptError> {
        for template in templates() {
            let Ok(found) = self.environment.get_template(template.file) else {
                continue;
            };
            let source = found.source();
            let is_global = |name: &str| self.environment.globals().any(|(known, _)| known == name);
            let is_known = |name: &str| template.variables.iter().any(|known| known.name == name);
            let mut unknown: Vec<(usize, String)> = found
                .undeclared_variables(false)
                .into_iter()
                .filter(|name| !is_known(name) && !is_global(name))
                .map(|name| (line_of(source, &name), name))
                .collect();
            unknown.sort_unstable();
            if let Some((line, variable)) = unknown.into_iter().next() {
                return Err(unknown_variable(template, Some(folder), line, &variable));
            }
            for sample in (template.samples)() {
                if let Err(error) = found.render(sample) {
                    return Err(self.located(template, &error, Some(folder)));
                }
            }
        }
        Ok(())
    }

    /// The error with its place; `folder` where the template may come from there.
    fn located(&self, template: &Template, error: &Error, folder: Option<&Path>) -> PromptError {
        let folder = folder.filter(|_| self.overridden.iter().any(|name| name == template.file));
        let line = error.line().unwrap_or(1);
        let file = shown(template, folder);
        let detail = error
            .detail()
            .map_or_else(String::new, |d| format!(": {d}"));
        let why = format!("{}{detail}", error.kind());
        match error.kind() {
            ErrorKind::SyntaxError => PromptError::Syntax { file, line, why },
            ErrorKind::UndefinedError => {
                let source = self.environment.get_template(template.file);
                let source = source.as_ref().map_or("", |found| found.source());
                match error.range().and_then(|range| source.get(range)) {
                    Some(variable) => unknown_variable(template, folder, line, variable),
                    None => PromptError::Render { file, line, why },
                }
            }
            _ => PromptError::Render { file, line, why },
        }
    }
}

fn templates() -> impl Iterator<Item = &'static Template> {
    ROLES.iter().flat_map(|role| role.templates())
}

fn shown(template: &Template, folder: Option<&Path>) -> String {
    match folder {
        Some(folder) => folder.join(template.file).display().to_string(),
        None => template.file.to_owned(),
    }
}

/// The error for a variable that a template does not get, with the nearest name that it does.
fn unknown_variable(
    template: &Template,
    folder: Option<&Path>,
    line: usize,
    variable: &str,
) -> PromptError {
    let valid: Vec<String> = template
        .variables
        .iter()
        .map(|known| known.name.to_owned())
        .collect();
    let last = variable.rsplit('.').next().unwrap_or(variable);
    let samples = (template.samples)();
    let mut names: Vec<&str> = valid.iter().map(String::as_str).collect();
    if last != variable {
        samples.iter().for_each(|sample| keys(sample, &mut names));
    }
    let near = nearest(last, names).map(str::to_owned);
    PromptError::Variable {
        file: shown(template, folder),
        line,
        variable: variable.to_owned(),
        near,
        valid,
    }
}

/// Names of the fields of a value at every depth.
fn keys<'a>(value: &'a Value, names: &mut Vec<&'a str>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                names.push(name);
                keys(value, names);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| keys(item, names)),
        _ => {}
    }
}

/// The first line on which `name` stands as a word inside of a tag; 1 where there is none.
fn line_of(source: &str, name: &str) -> usize {
    let mut at = 0;
    while let Some(open) = source[at..].find(['{']).map(|offset| at + offset) {
        let rest = &source[open..];
        let close = match rest.get(..2) {
            Some("{{") => "}}",
            Some("{%") => "%}",
            Some("{#") => "#}",
            _ => {
                at = open + 1;
                continue;
            }
        };
        let end = rest
            .find(close)
            .map_or(source.len(), |length| open + length);
        let inside = if close == "#}" {
            ""
        } else {
            &source[open..end]
        };
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let found = inside.match_indices(name).find(|(start, _)| {
            let before = inside[..*start].chars().next_back();
            let after = inside[start + name.len()..].chars().next();
            !before.is_some_and(|c| is_word(c) || c == '.') && !after.is_some_and(is_word)
        });
        if let Some((start, _)) = found {
            return source[..open + start].matches('\n').count() + 1;
        }
        at = end.max(open + 1);
    }
    1
}
