//! Words of facts.

use super::asks::past;

#[test]
fn an_action_leaves_its_fact() {
    let words = [
        ("tenant.create", "tenant.created"),
        ("service.scale", "service.scaled"),
        ("service.rollback", "service.rolled_back"),
        ("rollout.undo", "rollout.undone"),
        ("rollout.pause", "rollout.paused"),
        ("service.unpin", "service.unpinned"),
        ("tenant.suspend", "tenant.suspended"),
        ("policy.apply", "policy.applied"),
    ];
    for (action, fact) in words {
        assert_eq!(past(action), fact);
    }
}
