"""`tiny-joint` and `joint` keep their contracts."""

from cir_bench.testing import JointContract, MethodContract, RunContract


class TestTinyJoint(JointContract):
    name = "tiny-joint"


class TestJoint(MethodContract):
    name = "joint"


class TestJointRuns(RunContract):
    name = "joint"
