import ReelSystem
import Testing

struct ProcessLimitsTests {
    @Test func `the limit of descriptors is raised as far as may be, and again`() {
        let before = ProcessLimits.descriptorCountMax
        let raised = ProcessLimits.raiseDescriptorCountMax()
        #expect(before > 0)
        #expect(raised >= before)
        #expect(ProcessLimits.raiseDescriptorCountMax() == raised)
    }
}
