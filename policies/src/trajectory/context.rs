//! What an agent remembers of its own episode: the last steps, as sequence models read them.

/// The last `capacity` steps of one agent: return to go, observation, action and number of each.
///
/// A step begins with [`see`](Self::see), which leaves its action 0, as a policy that is about to choose it needs
/// it, and ends with [`act`](Self::act). Nothing is allocated after the start.
///
/// # Source
/// Trajectory card, section 4.4.
#[derive(Debug, Clone, PartialEq)]
pub struct TrajectoryContext {
    capacity: usize,
    observation: usize,
    action: usize,
    /// Rings: the step of number `n` stands at `n % capacity`.
    observations: Vec<f32>,
    actions: Vec<f32>,
    returns_to_go: Vec<f64>,
    /// Steps seen since the start.
    steps: u32,
    return_to_go: f64,
}

/// One step of a context.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ContextStep<'a> {
    /// Steps of the episode before it.
    pub timestep: u32,
    /// What was seen.
    pub observation: &'a [f32],
    /// What was done, in the units of a model; zeros where it is still to be chosen.
    pub action: &'a [f32],
    /// The return that was wanted from here on.
    pub return_to_go: f64,
}

impl TrajectoryContext {
    /// Room for so many steps, at least one, of so many numbers.
    pub fn new(capacity: usize, observation: usize, action: usize) -> Self {
        let capacity = capacity.max(1);
        Self {
            capacity,
            observation,
            action,
            observations: vec![0.0; capacity * observation],
            actions: vec![0.0; capacity * action],
            returns_to_go: vec![0.0; capacity],
            steps: 0,
            return_to_go: 0.0,
        }
    }

    /// Forgets everything and wants `target`, a return of the whole episode.
    pub fn restart(&mut self, target: f64) {
        self.steps = 0;
        self.return_to_go = target;
    }

    /// Begins a step with what is seen.
    ///
    /// # Panics
    /// When the observation has another length.
    pub fn see(&mut self, observation: &[f32]) {
        let at = self.steps as usize % self.capacity;
        self.observations[at * self.observation..][..self.observation].copy_from_slice(observation);
        self.actions[at * self.action..][..self.action].fill(0.0);
        self.returns_to_go[at] = self.return_to_go;
        self.steps += 1;
    }

    /// Ends the step that was begun: what was done, in the units of a model, and what of the wanted return it
    /// earned (nothing where rewards come only at the end).
    ///
    /// # Panics
    /// When the action has another length.
    pub fn act(&mut self, action: &[f32], earned: f64) {
        self.return_to_go -= earned;
        if let Some(last) = self.steps.checked_sub(1) {
            let at = last as usize % self.capacity;
            self.actions[at * self.action..][..self.action].copy_from_slice(action);
        }
    }

    /// The return that is wanted from now on.
    pub fn return_to_go(&self) -> f64 {
        self.return_to_go
    }

    /// Steps that are remembered.
    pub fn len(&self) -> usize {
        self.capacity.min(self.steps as usize)
    }

    /// Whether nothing was seen yet.
    pub fn is_empty(&self) -> bool {
        self.steps == 0
    }

    /// The remembered steps, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = ContextStep<'_>> {
        let first = self.steps - self.len() as u32;
        (first..self.steps).map(|timestep| {
            let at = timestep as usize % self.capacity;
            ContextStep {
                timestep,
                observation: &self.observations[at * self.observation..][..self.observation],
                action: &self.actions[at * self.action..][..self.action],
                return_to_go: self.returns_to_go[at],
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// The ring against a list that forgets nothing.
        #[test]
        fn the_latest_steps_are_kept(capacity in 1..6_usize, steps in 0..20_u32, target in -9.0..9.0_f64) {
            let mut context = TrajectoryContext::new(capacity, 2, 1);
            context.see(&[7.0, 7.0]);
            context.restart(target);
            let (mut all, mut left) = (Vec::new(), target);
            for step in 0..steps {
                let number = step as f32;
                context.see(&[number, -number]);
                all.push((step, [number, -number], [number + 0.5], left));
                if step + 1 < steps {
                    context.act(&[number + 0.5], f64::from(step));
                    left -= f64::from(step);
                }
            }
            let from = all.len().saturating_sub(capacity);
            prop_assert_eq!(context.len(), all.len() - from);
            for (kept, (step, seen, done, wanted)) in context.iter().zip(&all[from..]) {
                prop_assert_eq!((kept.timestep, kept.observation, kept.return_to_go), (*step, &seen[..], *wanted));
                let open = step + 1 == steps;
                prop_assert_eq!(kept.action, if open { &[0.0][..] } else { &done[..] });
            }
        }
    }
}
