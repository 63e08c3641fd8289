"""`tiny-joint` and `joint` keep their contracts."""

from cir_bench.testing import JointContract, MethodContract


class TestTinyJoint(JointContract):
    name = "tiny-joint"


class TestJoint(MethodContract):
    name = "joint"
