//! Groups of parameters with a decay and a rate of their own.

use serde::{Deserialize, Serialize};

use super::{NamePattern, ParameterSet, State, TrainError, Values};

/// Parameters that are trained otherwise than the rest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupConfig {
    /// Name of the group, for logs and plugins.
    pub name: String,
    /// Names of its parameters; a parameter belongs to the first group that names it.
    pub parameters: Vec<NamePattern>,
    /// Weight decay; the common one where it is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight_decay: Option<f64>,
    /// Factor of the learning rate.
    #[serde(default = "one")]
    pub rate: f64,
}

fn one() -> f64 {
    1.0
}

/// One group at run time: plugins change its values between steps.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// Name of the group.
    pub name: String,
    /// Weight decay, decoupled: values shrink by `learning rate * rate * weight_decay` each step.
    pub weight_decay: f64,
    /// Factor of the learning rate.
    pub rate: f64,
}

/// The groups of a [`ParameterSet`]: each parameter belongs to exactly one.
#[derive(Debug, Clone, PartialEq)]
pub struct Groups {
    groups: Vec<Group>,
    of: Vec<usize>,
}

impl Groups {
    /// Groups as configured; parameters that none names form the group `rest`.
    ///
    /// # Errors
    /// [`TrainError::Config`] when a group selects no parameter.
    pub fn new(
        parameters: &ParameterSet,
        configs: &[GroupConfig],
        weight_decay: f64,
    ) -> Result<Self, TrainError> {
        let mut groups: Vec<Group> = configs
            .iter()
            .map(|config| Group {
                name: config.name.clone(),
                weight_decay: config.weight_decay.unwrap_or(weight_decay),
                rate: config.rate,
            })
            .collect();
        groups.push(Group {
            name: "rest".to_owned(),
            weight_decay,
            rate: 1.0,
        });
        let chosen = |name: &String| {
            let config = configs.iter().position(|config| {
                config
                    .parameters
                    .iter()
                    .any(|pattern| pattern.matches(name))
            });
            config.unwrap_or(configs.len())
        };
        let of: Vec<usize> = parameters.names().iter().map(chosen).collect();
        for (group, config) in configs.iter().enumerate() {
            if !of.contains(&group) {
                let names: Vec<&str> = config
                    .parameters
                    .iter()
                    .map(|pattern| pattern.0.as_str())
                    .collect();
                return Err(TrainError::config(
                    format!("groups.{}.parameters", config.name),
                    format!("the name of a parameter such as {}", parameters.names()[0]),
                    names.join(", "),
                ));
            }
        }
        Ok(Self { groups, of })
    }

    /// The group of the parameter at `place`.
    pub fn of(&self, place: usize) -> &Group {
        &self.groups[self.of[place]]
    }

    /// The group called `name`, to be changed.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut Group> {
        self.groups.iter_mut().find(|group| group.name == name)
    }

    /// All groups.
    pub fn iter(&self) -> impl Iterator<Item = &Group> {
        self.groups.iter()
    }

    /// Gives the parameter at `place` a group of its own, with the values of its group so far, and returns it.
    ///
    /// Its name is that of the parameter. Where it is apart already, this is that group.
    pub fn set_apart(&mut self, parameters: &ParameterSet, place: usize) -> &mut Group {
        let name = &parameters.names()[place];
        if self.groups[self.of[place]].name != *name {
            let group = Group {
                name: name.clone(),
                ..self.groups[self.of[place]].clone()
            };
            self.of[place] = self.groups.len();
            self.groups.push(group);
        }
        &mut self.groups[self.of[place]]
    }

    /// Values of each parameter's group, for a checkpoint.
    pub(crate) fn state(&self) -> State {
        let mut state = State::default();
        let mine = |value: fn(&Group) -> f64| {
            self.of
                .iter()
                .map(|group| value(&self.groups[*group]))
                .collect()
        };
        state.put(
            "weight_decay",
            Values::F64(mine(|group| group.weight_decay)),
        );
        state.put("rate", Values::F64(mine(|group| group.rate)));
        state
    }

    /// Restores what [`Groups::state`] gave: parameters whose values left their group are set apart.
    pub(crate) fn load(&mut self, parameters: &ParameterSet, state: &State) -> Result<(), String> {
        let decays = state.f64s("weight_decay", self.of.len())?.to_vec();
        let rates = state.f64s("rate", self.of.len())?.to_vec();
        for group in 0..self.groups.len() {
            let members: Vec<usize> = (0..self.of.len())
                .filter(|place| self.of[*place] == group)
                .collect();
            let Some(first) = members.first().copied() else {
                continue;
            };
            let same = members.iter().all(|place| {
                decays[*place].to_bits() == decays[first].to_bits()
                    && rates[*place].to_bits() == rates[first].to_bits()
            });
            if same {
                self.groups[group].weight_decay = decays[first];
                self.groups[group].rate = rates[first];
                continue;
            }
            for place in members {
                let group = self.set_apart(parameters, place);
                group.weight_decay = decays[place];
                group.rate = rates[place];
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::{OwnValues, Parameter};
    use super::*;

    fn parameters() -> ParameterSet {
        let var = || -> Parameter { Arc::new(OwnValues::new("own", vec![1], vec![0.0]).unwrap()) };
        ParameterSet::new(
            ["a.weight", "a.norm", "b.weight"]
                .map(|name| (name.to_owned(), var()))
                .to_vec(),
        )
        .unwrap()
    }

    fn norms(pattern: &str) -> [GroupConfig; 1] {
        [GroupConfig {
            name: "norms".into(),
            parameters: vec![pattern.into()],
            weight_decay: Some(0.0),
            rate: 0.5,
        }]
    }

    #[test]
    fn each_parameter_belongs_to_the_first_group_that_names_it() {
        let groups = Groups::new(&parameters(), &norms("*.norm"), 0.1).unwrap();
        assert_eq!(
            groups.of(1),
            &Group {
                name: "norms".into(),
                weight_decay: 0.0,
                rate: 0.5
            }
        );
        assert_eq!(
            groups.of(2),
            &Group {
                name: "rest".into(),
                weight_decay: 0.1,
                rate: 1.0
            }
        );
        assert!(Groups::new(&parameters(), &norms("*.gain"), 0.1).is_err());
    }

    #[test]
    fn values_changed_at_run_time_come_back() {
        let parameters = parameters();
        let mut groups = Groups::new(&parameters, &norms("*.norm"), 0.1).unwrap();
        groups.set_apart(&parameters, 2).weight_decay = 0.7;
        groups.get_mut("norms").unwrap().rate = 0.25;
        let mut again = Groups::new(&parameters, &norms("*.norm"), 0.1).unwrap();
        again.load(&parameters, &groups.state()).unwrap();
        for place in 0..3 {
            assert_eq!(again.of(place).weight_decay, groups.of(place).weight_decay);
            assert_eq!(again.of(place).rate, groups.of(place).rate);
        }
        assert_eq!(again.of(0).weight_decay, 0.1);
    }
}
