//! Roles, their templates and the variables that these see.

use serde_json::Value;

/// A variable of a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub meaning: &'static str,
}

/// One message of a role.
#[derive(Debug, Clone, Copy)]
pub struct Template {
    /// Name of the file that overrides it.
    pub file: &'static str,
    /// The built-in text.
    pub text: &'static str,
    /// All that it may use.
    pub variables: &'static [Variable],
    /// Contexts of every variant: each an object with all variables. Every template is rendered
    /// with them when it is loaded.
    pub samples: fn() -> Vec<Value>,
}

/// What a language model is asked as.
#[derive(Debug, Clone, Copy)]
pub struct Role {
    /// Name of the role and beginning of the names of its files.
    pub name: &'static str,
    /// What the role does, in one sentence.
    pub does: &'static str,
    /// The instructions: nothing that was said or recorded goes in here.
    pub system: Template,
    /// The data.
    pub user: Template,
}

impl Role {
    /// Both templates, the system message first.
    pub fn templates(&self) -> [&Template; 2] {
        [&self.system, &self.user]
    }
}
