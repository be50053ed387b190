/// Writes XML in one of the many ways that say the same (XML 1.0; Namespaces in XML).
struct XMLWriter {
    var numbers: ChosenNumbers

    mutating func document(_ name: String, _ children: [String]) -> String {
        let head = ["", "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n", "<?xml version='1.0'?>"]
        let start = head[numbers.below(head.count)]
        return start + element(name, children, isRoot: true) + aside()
    }

    mutating func element(_ name: String, _ children: [String], isRoot: Bool = false) -> String {
        var content = ""
        for child in children { content += aside() + child }
        return tagged(name, content + aside(), isRoot: isRoot)
    }

    mutating func element(_ name: String, text: String) -> String {
        var content = ""
        for scalar in text.unicodeScalars { content += coded(scalar) }
        return tagged(name, content, isRoot: false)
    }

    private mutating func tagged(_ name: String, _ content: String, isRoot: Bool) -> String {
        // A prefix may be declared wherever it is used.
        let space = "http://s3.amazonaws.com/doc/2006-03-01/"
        switch numbers.below(4) {
        case 0: return "<s:\(name) xmlns:s='\(space)'>\(content)</s:\(name) >"
        case 1: return "<\(name) id = \"a&lt;b\"\n>\(content)</\(name)>"
        case 2 where isRoot:
            return "<\(name) xmlns=\"\(space)\">\(content)</\(name)>"
        case 2 where content.isEmpty: return "<\(name)/>"
        default: return "<\(name)>\(content)</\(name)>"
        }
    }

    /// What may stand between two elements and says nothing.
    private mutating func aside() -> String {
        let all = ["", "", "", "\n  ", "\t", "<!-- <Key>a</Key> -->", "<?go on?>"]
        return all[numbers.below(all.count)]
    }

    private mutating func coded(_ scalar: Unicode.Scalar) -> String {
        let value = scalar.value
        let hexadecimal = "&#x" + String(value, radix: 16, uppercase: value % 2 == 0) + ";"
        switch numbers.below(8) {
        case 0: return hexadecimal
        case 1: return "&#\(value);"
        // A line end inside would be read as another one.
        case 2 where scalar != "\r" && scalar != "]": return "<![CDATA[" + String(scalar) + "]]>"
        case 3: return coded(scalar) + "<!-- - -->"
        default:
            switch scalar {
            case "&": return "&amp;"
            case "<": return "&lt;"
            case ">": return "&gt;"
            case "\r": return "&#13;"
            default: return String(scalar)
            }
        }
    }
}
