//! How walls push a ball that touches them.
//!
//! A contact is a spring and damper with a softness of its own, as MuJoCo has it: it wants the
//! acceleration `-B v - K d r` along its normal, where `r` is how far the ball is from where contact begins
//! (negative), `v` its speed along the normal and `d` a number near 1, the impedance, that grows with
//! the depth; and it yields by `(1 - d)/d` of what an own force does. There is no friction and no pull. Forces are those
//! at the place where a step begins, so a ball may sink into a wall by the way of one step.
//!
//! # Source
//! MuJoCo's documentation of its computation, with its default parameters. That the margins of ball and wall (0.002
//! each) add up was found with the reference vectors, all of whose steps agree to 1e-12, those in
//! contact too.

use super::map::Maze;

/// Contact begins at this distance.
const MARGIN: f64 = 0.004;
/// Time in which a contact settles, seconds.
const SETTLES_S: f64 = 0.02;
/// Impedance where contact begins.
const LEAST_IMPEDANCE: f64 = 0.9;
/// Impedance from [`WIDTH`] on.
const MOST_IMPEDANCE: f64 = 0.95;
/// Depth over which the impedance grows.
const WIDTH: f64 = 0.001;
/// Cells around a point, its own included.
const AROUND: usize = 9;
/// Rounds in which the forces of several contacts are fitted to each other, at most.
const ROUNDS: usize = 200;

/// A wall near the ball.
#[derive(Debug, Clone, Copy, Default)]
struct Contact {
    /// From the wall to the ball, of length 1.
    normal: [f64; 2],
    /// Acceleration that the contact wants along its normal.
    wanted: f64,
    /// How much it yields to its own force.
    softness: f64,
    force: f64,
}

fn dot(a: [f64; 2], b: [f64; 2]) -> f64 {
    a[0] * b[0] + a[1] * b[1]
}

/// Distance of a place from a box and the direction out of it; negative inside.
fn outside(place: [f64; 2], centre: [f64; 2], half: f64) -> (f64, [f64; 2]) {
    let from = [place[0] - centre[0], place[1] - centre[1]];
    let beyond = from.map(|d| d - d.clamp(-half, half));
    let distance = dot(beyond, beyond).sqrt();
    if distance > 0.0 {
        return (distance, beyond.map(|d| d / distance));
    }
    let along = usize::from(from[1].abs() > from[0].abs());
    let mut normal = [0.0; 2];
    normal[along] = 1.0_f64.copysign(from[along]);
    (from[along].abs() - half, normal)
}

/// The ball and its step.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ball {
    pub(super) radius: f64,
    pub(super) mass: f64,
    pub(super) dt_s: f64,
}

impl Ball {
    /// Force of all walls on the ball at `place` with `velocity` that `pushed` acts on.
    pub(super) fn walls(
        self,
        maze: &Maze,
        place: [f64; 2],
        velocity: [f64; 2],
        pushed: [f64; 2],
    ) -> [f64; 2] {
        let mut contacts = [Contact::default(); AROUND];
        let mut count = 0;
        let (row, column) = maze.cell_at(place);
        for i in row.saturating_sub(1)..=row + 1 {
            for j in column.saturating_sub(1)..=column + 1 {
                if maze.is_wall((i, j))
                    && let Some(contact) = self.touch(maze, (i, j), place, velocity)
                {
                    contacts[count] = contact;
                    count += 1;
                }
            }
        }
        let contacts = &mut contacts[..count];
        self.fit(contacts, pushed);
        let mut total = [0.0; 2];
        for contact in contacts {
            for (total, normal) in total.iter_mut().zip(contact.normal) {
                *total += contact.force * normal;
            }
        }
        total
    }

    fn touch(
        self,
        maze: &Maze,
        cell: (usize, usize),
        place: [f64; 2],
        velocity: [f64; 2],
    ) -> Option<Contact> {
        let half = maze.cell_size() / 2.0;
        let (distance, normal) = outside(place, maze.centre(cell), half);
        let depth = distance - self.radius - MARGIN;
        if depth >= 0.0 {
            return None;
        }
        let share = (-depth / WIDTH).min(1.0);
        let grown = match share <= 0.5 {
            true => 2.0 * share * share,
            false => 1.0 - 2.0 * (1.0 - share) * (1.0 - share),
        };
        let impedance = LEAST_IMPEDANCE + grown * (MOST_IMPEDANCE - LEAST_IMPEDANCE);
        // A contact cannot settle faster than in two steps.
        let settles = MOST_IMPEDANCE * SETTLES_S.max(2.0 * self.dt_s);
        let (spring, damper) = (1.0 / (settles * settles), 2.0 / settles);
        Some(Contact {
            normal,
            wanted: -damper * dot(normal, velocity) - spring * impedance * depth,
            softness: (1.0 - impedance) / impedance / self.mass,
            force: 0.0,
        })
    }

    /// Forces, none negative, by which every contact gets what it wants, less what it yields.
    fn fit(self, contacts: &mut [Contact], pushed: [f64; 2]) {
        let alone = contacts.len() == 1;
        for _ in 0..ROUNDS {
            let mut moved = 0.0_f64;
            for at in 0..contacts.len() {
                let mut force = pushed;
                for (other, contact) in contacts.iter().enumerate() {
                    if other != at {
                        force[0] += contact.force * contact.normal[0];
                        force[1] += contact.force * contact.normal[1];
                    }
                }
                let contact = &mut contacts[at];
                let has = dot(contact.normal, force) / self.mass;
                let yields = 1.0 / self.mass + contact.softness;
                let fitted = ((contact.wanted - has) / yields).max(0.0);
                moved = moved.max((fitted - contact.force).abs());
                contact.force = fitted;
            }
            if alone || moved < 1e-12 {
                return;
            }
        }
    }
}
