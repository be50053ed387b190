import ReelHTTP
import Testing

struct HTTPFieldsTests {
    @Test func `names compare without regard to case`() {
        var fields: HTTPFields = ["Content-Type": "a", "X": "1", "x": "2"]
        #expect(fields["content-TYPE"] == "a")
        #expect(fields.values("X") == ["1", "2"])
        #expect(fields.only("X") == nil)
        #expect(fields.only("content-type") == "a")
        #expect(fields.onlyBytes("content-type")?.elementsEqual("a".utf8) == true)
        #expect(!fields.contains("Content-Typ"))
        fields.set("x", "3")
        #expect(fields.fields.map(\.name) == ["Content-Type", "x"])
        #expect(fields.only("X") == "3")
        fields.set("X", nil)
        #expect(fields.count == 1)
        #expect(!fields.isEmpty)
    }

    @Test func `equal fields are those with the same names and values in the same order`() {
        var removed: HTTPFields = ["Z": "0", "A": "1"]
        removed.set("Z", nil)
        #expect(removed == ["A": "1"])
        #expect(removed.hashValue == (["A": "1"] as HTTPFields).hashValue)
        #expect(removed != ["a": "1"])
        #expect(removed != ["A": "1", "B": "2"])
        #expect((["A": "1", "B": "2"] as HTTPFields) != ["B": "2", "A": "1"])
    }

    @Test func `no value can begin another field`() {
        let fields: HTTPFields = ["Location": "/a\r\nSet-Cookie: b\0c"]
        #expect(fields["Location"] == "/a  Set-Cookie: b c")
    }
}
