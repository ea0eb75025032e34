//! Constants of the bodies.

use super::config::Body;

/// How a body starts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Start {
    /// Places and speeds evenly spread over plus and minus this around those of the model.
    Even(f64),
    /// Places evenly spread over plus and minus this, speeds normal with this deviation.
    NormalSpeeds(f64),
}

/// What a step earns.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Reward {
    /// The way forward by time, 1 or 0 for being well, less a share of the squared action.
    Forward {
        /// That share.
        control_cost: f64,
        /// What being well earns.
        healthy: f64,
    },
    /// 1 while it is well.
    Balance,
}

/// When a body is well; all bounds are excluded but for those of balance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Healthy {
    /// Always.
    Always,
    /// Height and angle of the trunk, and all numbers of the state from the third on, lie between bounds.
    Upright {
        height: [f64; 2],
        angle: [f64; 2],
        rest: f64,
    },
    /// The pole leans at most so far.
    Pole(f64),
}

/// What a body is.
#[derive(Debug)]
pub(super) struct Definition {
    pub(super) name: &'static str,
    pub(super) rules: &'static str,
    pub(super) file: &'static str,
    pub(super) xml: &'static str,
    /// Steps of the simulation in one step of the environment.
    pub(super) frames: u32,
    /// Bodies whose steps are worth the handing over to another thread, some 300 us.
    pub(super) share: usize,
    /// Joints, and numbers of an action.
    pub(super) joints: usize,
    pub(super) controls: usize,
    /// Whether the first place, the way forward, is not seen.
    pub(super) hides_way: bool,
    /// Speeds that are seen are cut to plus and minus this.
    pub(super) most_speed: f64,
    pub(super) observed: &'static [&'static str],
    pub(super) start: Start,
    pub(super) reward: Reward,
    pub(super) healthy: Healthy,
}

/// The constants of a body.
pub(super) fn definition(body: Body) -> &'static Definition {
    match body {
        Body::Hopper => &HOPPER,
        Body::HalfCheetah => &HALF_CHEETAH,
        Body::Walker2d => &WALKER,
        Body::InvertedPendulum => &INVERTED_PENDULUM,
    }
}

static HOPPER: Definition = Definition {
    name: "hopper",
    rules: include_str!("hopper.txt"),
    file: "hopper.xml",
    xml: include_str!("models/hopper.xml"),
    frames: 4,
    share: 4,
    joints: 6,
    controls: 3,
    hides_way: true,
    most_speed: 10.0,
    observed: &[
        "height of the torso (m)",
        "angle of the torso (rad)",
        "angle of the thigh (rad)",
        "angle of the leg (rad)",
        "angle of the foot (rad)",
        "speed forward (m/s)",
        "speed upward (m/s)",
        "angular speed of the torso (rad/s)",
        "angular speed of the thigh (rad/s)",
        "angular speed of the leg (rad/s)",
        "angular speed of the foot (rad/s)",
    ],
    start: Start::Even(0.005),
    reward: Reward::Forward {
        control_cost: 1e-3,
        healthy: 1.0,
    },
    healthy: Healthy::Upright {
        height: [0.7, f64::INFINITY],
        angle: [-0.2, 0.2],
        rest: 100.0,
    },
};

static HALF_CHEETAH: Definition = Definition {
    name: "half-cheetah",
    rules: include_str!("half_cheetah.txt"),
    file: "half_cheetah.xml",
    xml: include_str!("models/half_cheetah.xml"),
    frames: 5,
    share: 4,
    joints: 9,
    controls: 6,
    hides_way: true,
    most_speed: f64::INFINITY,
    observed: &[
        "height of the front tip (m)",
        "angle of the front tip (rad)",
        "angle of the back thigh (rad)",
        "angle of the back shin (rad)",
        "angle of the back foot (rad)",
        "angle of the front thigh (rad)",
        "angle of the front shin (rad)",
        "angle of the front foot (rad)",
        "speed forward (m/s)",
        "speed upward (m/s)",
        "angular speed of the front tip (rad/s)",
        "angular speed of the back thigh (rad/s)",
        "angular speed of the back shin (rad/s)",
        "angular speed of the back foot (rad/s)",
        "angular speed of the front thigh (rad/s)",
        "angular speed of the front shin (rad/s)",
        "angular speed of the front foot (rad/s)",
    ],
    start: Start::NormalSpeeds(0.1),
    reward: Reward::Forward {
        control_cost: 0.1,
        healthy: 0.0,
    },
    healthy: Healthy::Always,
};

static WALKER: Definition = Definition {
    name: "walker2d",
    rules: include_str!("walker2d.txt"),
    file: "walker2d_v5.xml",
    xml: include_str!("models/walker2d_v5.xml"),
    frames: 4,
    share: 2,
    joints: 9,
    controls: 6,
    hides_way: true,
    most_speed: 10.0,
    observed: &[
        "height of the torso (m)",
        "angle of the torso (rad)",
        "angle of the right thigh (rad)",
        "angle of the right leg (rad)",
        "angle of the right foot (rad)",
        "angle of the left thigh (rad)",
        "angle of the left leg (rad)",
        "angle of the left foot (rad)",
        "speed forward (m/s)",
        "speed upward (m/s)",
        "angular speed of the torso (rad/s)",
        "angular speed of the right thigh (rad/s)",
        "angular speed of the right leg (rad/s)",
        "angular speed of the right foot (rad/s)",
        "angular speed of the left thigh (rad/s)",
        "angular speed of the left leg (rad/s)",
        "angular speed of the left foot (rad/s)",
    ],
    start: Start::Even(0.005),
    reward: Reward::Forward {
        control_cost: 1e-3,
        healthy: 1.0,
    },
    healthy: Healthy::Upright {
        height: [0.8, 2.0],
        angle: [-1.0, 1.0],
        rest: f64::INFINITY,
    },
};

static INVERTED_PENDULUM: Definition = Definition {
    name: "inverted-pendulum",
    rules: include_str!("inverted_pendulum.txt"),
    file: "inverted_pendulum.xml",
    xml: include_str!("models/inverted_pendulum.xml"),
    frames: 2,
    share: 16,
    joints: 2,
    controls: 1,
    hides_way: false,
    most_speed: f64::INFINITY,
    observed: &[
        "position of the cart (m)",
        "angle of the pole from upright (rad)",
        "speed of the cart (m/s)",
        "angular speed of the pole (rad/s)",
    ],
    start: Start::Even(0.01),
    reward: Reward::Balance,
    healthy: Healthy::Pole(0.2),
};
