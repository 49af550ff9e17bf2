//! Actions: what stands between delimiters, and the blocks that some of them open.

use super::{Ending, Item, MAX_DEPTH, Parser, Result};
use crate::template::go::ast::{Branch, Call, Node};
use crate::template::go::lexer::{Kind, Token};
use crate::value::Str;
use crate::value::print::unquote;

impl Parser<'_> {
    pub(super) fn action(&mut self) -> Result<Item> {
        let token = self.next_non_space();
        Ok(Item::Node(match token.kind {
            Kind::Block => return self.block(),
            Kind::Break => self.loop_control("{{break}}", Node::Break)?,
            Kind::Continue => self.loop_control("{{continue}}", Node::Continue)?,
            Kind::Else => {
                let next = self.peek_non_space();
                if !matches!(next.kind, Kind::If | Kind::With) {
                    self.expect(Kind::RightDelim, "else")?;
                }
                return Ok(Item::Ending(Ending::Else));
            }
            Kind::End => {
                self.expect(Kind::RightDelim, "end")?;
                return Ok(Item::Ending(Ending::End));
            }
            Kind::If => self.control(Kind::If)?,
            Kind::Range => self.control(Kind::Range)?,
            Kind::With => self.control(Kind::With)?,
            Kind::Template => {
                let context = "template clause";
                let token = self.next_non_space();
                let name = self.template_name(token, context)?;
                let pipe = match self.next_non_space().kind {
                    Kind::RightDelim => None,
                    _ => {
                        self.back();
                        Some(self.pipeline(context, Kind::RightDelim)?)
                    }
                };
                Node::Template(Box::new(Call { pos: token.start, name, pipe }))
            }
            _ => {
                self.back();
                let pos = self.peek().start;
                Node::Action { pos, pipe: self.pipeline("command", Kind::RightDelim)? }
            }
        }))
    }

    fn loop_control(&mut self, word: &str, node: Node) -> Result<Node> {
        let token = self.next_non_space();
        if token.kind != Kind::RightDelim {
            return self.unexpected(token, word);
        }
        if self.ranges == 0 {
            return self.fail(format!("{word} outside {{{{range}}}}"));
        }
        Ok(node)
    }

    fn control(&mut self, kind: Kind) -> Result<Node> {
        let context = match kind {
            Kind::If => "if",
            Kind::With => "with",
            _ => "range",
        };
        let mark = self.scope.declared.len();
        let pipe = self.pipeline(context, Kind::RightDelim)?;
        self.ranges += usize::from(kind == Kind::Range);
        let (body, ending) = self.list()?;
        self.ranges -= usize::from(kind == Kind::Range);
        let otherwise = match ending {
            Ending::End => None,
            // `{{else if x}}` stands for `{{else}}{{if x}}` with one `{{end}}` for both; so does `else with`.
            Ending::Else if kind != Kind::Range && self.peek().kind == kind => {
                self.next();
                if self.blocks >= MAX_DEPTH {
                    return self.fail(format!("blocks are nested deeper than the limit of {MAX_DEPTH}"));
                }
                self.blocks += 1;
                let inner = self.control(kind)?;
                self.blocks -= 1;
                Some(Box::from([inner]))
            }
            Ending::Else => match self.list()? {
                (list, Ending::End) => Some(list),
                (_, Ending::Else) => return self.fail("expected end; found {{else}}"),
            },
        };
        self.scope.forget(mark);
        let branch = Box::new(Branch { pos: pipe.pos, pipe, body, otherwise });
        Ok(match kind {
            Kind::If => Node::If(branch),
            Kind::With => Node::With(branch),
            _ => Node::Range(branch),
        })
    }

    fn block(&mut self) -> Result<Item> {
        let context = "block clause";
        let token = self.next_non_space();
        let name = self.template_name(token, context)?;
        let pipe = self.pipeline(context, Kind::RightDelim)?;
        self.body(name.clone(), context)?;
        Ok(Item::Node(Node::Template(Box::new(Call { pos: token.start, name, pipe: Some(pipe) }))))
    }

    fn template_name(&mut self, token: Token, context: &str) -> Result<Str> {
        match token.kind {
            Kind::String | Kind::RawString => self.unquote(token),
            _ => self.unexpected(token, context),
        }
    }

    pub(super) fn unquote(&self, token: Token) -> Result<Str> {
        match unquote(self.slice(token)) {
            Some(bytes) => Ok(Str::from_bytes(bytes)),
            None => self.fail("invalid syntax"),
        }
    }
}
