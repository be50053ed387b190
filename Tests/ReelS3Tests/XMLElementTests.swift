import Testing

@testable import ReelS3

struct XMLElementTests {
    @Test func `elements are read with their text and without their namespace`() throws {
        let text = """
            <?xml version="1.0" encoding="UTF-8"?>
            <s:List xmlns:s="http://s3.amazonaws.com/doc/2006-03-01/">
              <s:Key> a&amp;b&#xe9; </s:Key><Key>c</Key><Empty/>
            </s:List>
            """
        let list = try #require(XMLElement(Array(text.utf8)))
        #expect(list.name == "List")
        #expect(list.all("Key").map(\.text) == ["a&b\u{e9}", "c"])
        #expect(list["Empty"]?.text == "")
        #expect(list["Other"] == nil)
    }

    @Test(arguments: [
        "", "text", "<a>", "<a></b>", "<a/><b/>", "<a>&unknown;</a>", "<a>\u{1}</a>",
        "<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>", "<!DOCTYPE a><a/>",
        String(repeating: "<a>", count: 17) + String(repeating: "</a>", count: 17),
    ])
    func `what is no plain document is refused`(_ text: String) {
        #expect(XMLElement(Array(text.utf8)) == nil)
    }

    @Test func `the deepest document that is allowed is read`() {
        let text = String(repeating: "<a>", count: 16) + String(repeating: "</a>", count: 16)
        #expect(XMLElement(Array(text.utf8)) != nil)
    }
}
