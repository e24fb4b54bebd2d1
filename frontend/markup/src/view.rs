use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use rstml::node::{
    KeyedAttribute, KeyedAttributeValue, Node, NodeAttribute, NodeBlock, NodeElement, NodeName,
};
use syn::{Error, Expr, ExprLit, ExprUnary, Lit, Result, Stmt, UnOp, spanned::Spanned};

use crate::template::{
    ATTRIBUTE, CHILD, CLASS, CLOSE, EVENT, FIXED, OPEN, PROPERTY, REFERENCE, STYLE, TEXT, Template,
};

type Element = NodeElement<rstml::Infallible>;

/// Elements that have no end.
const VOID: [&str; 4] = ["img", "input", "br", "hr"];

pub(crate) fn expanded(tokens: TokenStream) -> Result<TokenStream> {
    let nodes = rstml::parse2(tokens)?;
    pieces(&nodes)
}

fn pieces(nodes: &[Node]) -> Result<TokenStream> {
    if let [Node::Element(element)] = nodes
        && is_component(element)
    {
        return component(element);
    }
    let mut piece = Piece::default();
    nodes.iter().try_for_each(|node| piece.node(node))?;
    let Piece { template, filled } = piece;
    let template = template.into_text();
    Ok(quote! { crate::dom::Markup::new(#template) #(#filled)* .done() })
}

#[derive(Default)]
struct Piece {
    template: Template,
    /// The calls that fill in what the template leaves open, in its order.
    filled: Vec<TokenStream>,
}

impl Piece {
    fn node(&mut self, node: &Node) -> Result<()> {
        match node {
            Node::Element(element) if is_component(element) => {
                let component = component(element)?;
                self.child(&component);
                Ok(())
            }
            Node::Element(element) => self.element(element),
            Node::Block(block) => {
                let value = unbraced(block);
                self.child(&value);
                Ok(())
            }
            Node::Text(text) => {
                self.template.step(TEXT, &text.value_string());
                Ok(())
            }
            Node::Fragment(fragment) => fragment.children.iter().try_for_each(|node| self.node(node)),
            other => Err(Error::new(other.span(), "is not written so here: text stands in quotes")),
        }
    }

    fn child(&mut self, view: &TokenStream) {
        self.template.step(CHILD, "");
        self.filled.push(quote! { .child(#view) });
    }

    fn element(&mut self, element: &Element) -> Result<()> {
        let name = element.name().to_string();
        self.template.step(OPEN, &name);
        for attribute in element.attributes() {
            let NodeAttribute::Attribute(attribute) = attribute else {
                return Err(Error::new(attribute.span(), "an attribute has a name"));
            };
            self.attribute(attribute)?;
        }
        if VOID.contains(&name.as_str()) && !element.children.is_empty() {
            return Err(Error::new(element.span(), format!("<{name}> holds nothing")));
        }
        element.children.iter().try_for_each(|node| self.node(node))?;
        self.template.step(CLOSE, "");
        Ok(())
    }

    fn attribute(&mut self, attribute: &KeyedAttribute) -> Result<()> {
        let name = attribute.key.to_string();
        let Some(value) = value(attribute)? else {
            self.template.step(FIXED, &format!("{name}="));
            return Ok(());
        };
        if let Some(event) = name.strip_prefix("on:") {
            let kind = format_ident!("{event}", span = attribute.key.span());
            self.template.step(EVENT, event);
            self.filled.push(quote! { .on(crate::dom::handler(tachys::html::event::#kind, #value)) });
            return Ok(());
        }
        if name == "node_ref" {
            self.template.step(REFERENCE, "");
            self.filled.push(quote! { .refer(#value) });
            return Ok(());
        }
        let ways = [("prop:", PROPERTY), ("class:", CLASS), ("style:", STYLE)];
        let way = ways.iter().find_map(|(way, mark)| Some((*mark, name.strip_prefix(way)?)));
        let (mark, name) = way.unwrap_or((ATTRIBUTE, &name));
        match literal(value).or_else(|| attribute.value_literal_string()) {
            Some(text) if mark == ATTRIBUTE => self.template.step(FIXED, &format!("{name}={text}")),
            _ => {
                self.template.step(mark, name);
                self.filled.push(quote! { .set(#value) });
            }
        }
        Ok(())
    }
}

/// What stands in braces, without them where it is one expression.
fn unbraced(block: &NodeBlock) -> TokenStream {
    match block.try_block().map(|block| block.stmts.as_slice()) {
        Some([Stmt::Expr(value, None)]) => quote! { #value },
        _ => quote! { #block },
    }
}

fn value(attribute: &KeyedAttribute) -> Result<Option<&Expr>> {
    match (&attribute.possible_value, attribute.value()) {
        (KeyedAttributeValue::None, _) => Ok(None),
        (_, Some(value)) => Ok(Some(value)),
        _ => Err(Error::new(attribute.key.span(), "has no value that can be understood")),
    }
}

/// A number below zero.
fn literal(value: &Expr) -> Option<String> {
    match value {
        Expr::Unary(ExprUnary { op: UnOp::Neg(_), expr, .. }) => match &**expr {
            Expr::Lit(ExprLit { lit: Lit::Int(number), .. }) => Some(format!("-{number}")),
            _ => None,
        },
        _ => None,
    }
}

fn is_component(element: &Element) -> bool {
    let name = element.name().to_string();
    name.rsplit("::").next().is_some_and(|name| name.starts_with(|letter: char| letter.is_ascii_uppercase()))
}

/// The arguments by their names; one without a value is called as its variable.
fn component(element: &Element) -> Result<TokenStream> {
    let NodeName::Path(name) = element.name() else {
        return Err(Error::new(element.name().span(), "a component has a path"));
    };
    let mut fields = Vec::new();
    for attribute in element.attributes() {
        let NodeAttribute::Attribute(attribute) = attribute else {
            return Err(Error::new(attribute.span(), "an argument has a name"));
        };
        let NodeName::Path(key) = &attribute.key else {
            return Err(Error::new(attribute.key.span(), "an argument has a name"));
        };
        fields.push(match value(attribute)? {
            Some(value) => quote! { #key: #value },
            None => quote! { #key },
        });
    }
    if !element.children.is_empty() {
        let children = pieces(&element.children)?;
        fields.push(quote! { children: #children });
    }
    Ok(quote_spanned! { name.span() => crate::dom::Component::view(#name { #(#fields),* }) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(tokens: TokenStream) -> String {
        expanded(tokens).unwrap().to_string().replace(' ', "")
    }

    #[test]
    fn what_is_fixed_is_in_the_template_and_what_is_not_is_filled_in_in_its_order() {
        let made = made(quote! { <p class="a" title=name tabindex=-1>"x"{y}<b on:click=go></b></p> });
        let template =
            r#""\u{1}p\u{4}class=a\u{5}title\u{4}tabindex=-1\u{3}x\u{e}\u{1}b\u{b}click\u{2}\u{2}""#;
        let filled = ".set(name).child(y).on(crate::dom::handler(tachys::html::event::click,go)).done()";
        assert_eq!(made, format!("crate::dom::Markup::new({template}){filled}"));
    }

    #[test]
    fn a_component_is_given_its_arguments_by_name() {
        let made = made(quote! { <Foo a=1 b/> });
        assert_eq!(made, "crate::dom::Component::view(Foo{a:1,b})");
    }

    #[test]
    fn text_that_stands_in_no_quotes_is_refused() {
        assert!(expanded(quote! { <p>text</p> }).is_err());
        assert!(expanded(quote! { <p {..all}></p> }).is_err());
        assert!(expanded(quote! { <br>"x"</br> }).is_err());
    }
}
