//! The point in the maze.

use super::config::MazeConfig;
use super::contact::Ball;
use super::map::Maze;
use crate::control::actions::Actions;
use crate::control::dynamics::{Dynamics, Moved};
use crate::environment::EnvironmentError;
use crate::streams::StreamKey;

/// A ball is pushed through a maze to a goal.
///
/// State: place, velocity and goal, two numbers each. With the action `a` cut to [-1, 1] and `v` cut to the greatest
/// speed, and the force `f` of walls that the ball touches:
///
/// ```text
/// v' = v + dt (gear a - damping v + f) / (m + damping dt)
/// x' = x + dt v'
/// ```
///
/// The reward is that of the new place. Starts are in another cell than the goal.
///
/// Deviation: the source hands out a dictionary in which the place comes twice; here an observation is
/// place, velocity and goal.
///
/// # Source
/// Trajectory card, section 7.3; walls as in MuJoCo's contacts.
#[derive(Debug, Clone, PartialEq)]
pub struct PointMaze {
    config: MazeConfig,
    maze: Maze,
    mass: f64,
    rules: String,
}

impl PointMaze {
    /// The maze of these settings.
    ///
    /// # Errors
    /// [`EnvironmentError::Setting`] naming the setting that cannot be.
    pub fn new(config: MazeConfig) -> Result<Self, EnvironmentError> {
        config.validate()?;
        Ok(Self {
            maze: Maze::read(&config.map, config.cell)?,
            mass: config.mass(),
            rules: format!(
                "{}\n{}",
                include_str!("rules.txt").trim_end(),
                config.map.join("\n")
            ),
            config,
        })
    }

    /// Its settings.
    pub fn config(&self) -> &MazeConfig {
        &self.config
    }

    /// Its cells.
    pub fn maze(&self) -> &Maze {
        &self.maze
    }

    /// Whether the ball at `place` touches no wall.
    pub fn is_free(&self, place: [f64; 2]) -> bool {
        self.walls(place, [0.0; 2], [0.0; 2]) == [0.0; 2]
    }

    fn walls(&self, place: [f64; 2], velocity: [f64; 2], pushed: [f64; 2]) -> [f64; 2] {
        let ball = Ball {
            radius: self.config.radius,
            mass: self.mass,
            dt_s: self.config.dt_s,
        };
        ball.walls(&self.maze, place, velocity, pushed)
    }

    fn noise(&self) -> f64 {
        self.config.noise * self.config.cell
    }
}

impl Dynamics for PointMaze {
    type State = [f64; 6];

    fn name(&self) -> &'static str {
        "point-maze"
    }

    fn rules(&self) -> &str {
        &self.rules
    }

    fn observed(&self) -> &'static [&'static str] {
        &[
            "x (m)",
            "y (m)",
            "velocity along x (m/s)",
            "velocity along y (m/s)",
            "x of the goal (m)",
            "y of the goal (m)",
        ]
    }

    fn actions(&self) -> Actions {
        Actions::cube(2, -1.0, 1.0)
    }

    fn step_limit(&self) -> u32 {
        self.config.step_limit
    }

    fn validate(&self) -> Result<(), EnvironmentError> {
        self.config.validate()
    }

    fn start(&self, key: StreamKey) -> [f64; 6] {
        let mut stream = key.open();
        let goal = self.maze.draw_goal(None, self.noise(), &mut stream);
        let but = self.maze.cell_at(goal);
        let [x, y] = self.maze.draw_start(but, self.noise(), &mut stream);
        [x, y, 0.0, 0.0, goal[0], goal[1]]
    }

    fn advance(&self, state: &mut [f64; 6], action: &[f64], key: StreamKey) -> Moved {
        let config = &self.config;
        let [x, y, vx, vy, goal_x, goal_y] = *state;
        let velocity = [vx, vy].map(|v| v.clamp(-config.most_speed, config.most_speed));
        let pushed: [f64; 2] = std::array::from_fn(|axis| {
            let action = action.get(axis).copied().unwrap_or(0.0).clamp(-1.0, 1.0);
            config.gear * action - config.damping * velocity[axis]
        });
        let walls = self.walls([x, y], velocity, pushed);
        let inertia = self.mass + config.damping * config.dt_s;
        let faster =
            |axis: usize| velocity[axis] + config.dt_s * (pushed[axis] + walls[axis]) / inertia;
        let (vx, vy) = (faster(0), faster(1));
        let (x, y) = (x + config.dt_s * vx, y + config.dt_s * vy);
        *state = [x, y, vx, vy, goal_x, goal_y];
        let distance = libm::hypot(x - goal_x, y - goal_y);
        let reached = distance <= config.reached;
        if reached && config.continuing && config.new_goals {
            let but = self.maze.cell_at([x, y]);
            let mut stream = key.open();
            let goal = self.maze.draw_goal(Some(but), self.noise(), &mut stream);
            state[4..].copy_from_slice(&goal);
        }
        Moved {
            reward: match config.dense {
                true => libm::exp(-distance),
                false => f64::from(u8::from(reached)),
            },
            terminated: reached && !config.continuing,
        }
    }

    fn observe(&self, state: &[f64; 6], out: &mut [f32]) {
        for (out, number) in out.iter_mut().zip(state) {
            *out = *number as f32;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::EpisodeIx;
    use crate::streams::{Purpose, RunSeed};
    use proptest::prelude::*;

    fn key(episode: u32) -> StreamKey {
        StreamKey::episode(RunSeed(3), EpisodeIx(episode), Purpose::Truth)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        /// However it is pushed, the centre of the ball stays out of walls and the ball gets nowhere deep.
        #[test]
        fn walls_hold(episode in 0..1000_u32, pushes in prop::collection::vec((-2.0..2.0_f64, -2.0..2.0_f64), 8)) {
            let point = PointMaze::new(MazeConfig::default()).unwrap();
            let mut state = point.start(key(episode));
            prop_assert!(point.is_free([state[0], state[1]]));
            for (a, b) in pushes {
                for _ in 0..40 {
                    point.advance(&mut state, &[a, b], key(0));
                    let place = [state[0], state[1]];
                    let around = [[0.04, 0.0], [-0.04, 0.0], [0.0, 0.04], [0.0, -0.04]];
                    for [x, y] in around {
                        let cell = point.maze.cell_at([place[0] + x, place[1] + y]);
                        prop_assert!(!point.maze.is_wall(cell), "at {place:?}");
                    }
                }
            }
        }

        /// Mirrored at the horizontal middle line of the U, everything goes the same way.
        #[test]
        fn the_mirror_image_moves_alike(
            x in -1.3..1.3_f64, vx in -5.0..5.0_f64, vy in -5.0..5.0_f64, a in -1.0..1.0_f64, b in -1.0..1.0_f64,
        ) {
            let point = PointMaze::new(MazeConfig::default()).unwrap();
            let mut one = [x, 1.3, vx, vy, 0.0, 0.0];
            let mut other = [x, -1.3, vx, -vy, 0.0, 0.0];
            for _ in 0..30 {
                point.advance(&mut one, &[a, b], key(0));
                point.advance(&mut other, &[a, -b], key(0));
            }
            for (at, sign) in [1.0, -1.0, 1.0, -1.0].into_iter().enumerate() {
                prop_assert!((one[at] - sign * other[at]).abs() < 1e-9, "{one:?} {other:?}");
            }
        }
    }

    #[test]
    fn starts_are_in_another_cell_than_goals() {
        let point = PointMaze::new(MazeConfig::default()).unwrap();
        for episode in 0..200 {
            let [x, y, vx, vy, gx, gy] = point.start(key(episode));
            assert_ne!(point.maze.cell_at([x, y]), point.maze.cell_at([gx, gy]));
            assert_eq!([vx, vy], [0.0, 0.0]);
            assert!(point.is_free([x, y]));
        }
    }

    #[test]
    fn a_new_goal_is_drawn_only_where_episodes_go_on() {
        for (continuing, new_goals) in [(true, true), (true, false), (false, true)] {
            let config = MazeConfig {
                continuing,
                new_goals,
                ..MazeConfig::default()
            };
            let point = PointMaze::new(config).unwrap();
            let mut state = [1.0, 1.0, 0.0, 0.0, 1.1, 1.0];
            let moved = point.advance(&mut state, &[0.0, 0.0], key(1));
            assert_eq!(moved.reward, 1.0);
            assert_eq!(moved.terminated, !continuing);
            let drawn = state[4..] != [1.1, 1.0];
            assert_eq!(drawn, continuing && new_goals);
            if drawn {
                assert_ne!(point.maze.cell_at([state[4], state[5]]), (1, 3));
            }
        }
    }

    #[test]
    fn settings_out_of_bounds_are_refused_by_name() {
        let cases: [(fn(&mut MazeConfig), &str); 4] = [
            (|c| c.radius = 0.0, "radius"),
            (|c| c.noise = 0.45, "noise"),
            (|c| c.most_speed = 20.0, "most_speed"),
            (|c| c.map = vec![], "map"),
        ];
        for (change, name) in cases {
            let mut config = MazeConfig::default();
            change(&mut config);
            let error = PointMaze::new(config).unwrap_err().to_string();
            assert!(error.starts_with(&format!("setting {name}:")), "{error}");
        }
    }
}
