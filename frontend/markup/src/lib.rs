//! What the portal's pages are written in. The syntax is Leptos's; what it becomes is data and calls of few functions,
//! where Leptos makes a type of each piece of a page, and code for that type.

use proc_macro::TokenStream;

mod component;
mod template;
mod view;

/// HTML with Rust in it, as a value of the portal's one type for what a page shows.
#[proc_macro]
pub fn view(tokens: TokenStream) -> TokenStream {
    view::expanded(tokens.into()).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Makes a component of a function: a struct of its arguments, each of which `view!` has to give by name.
#[proc_macro_attribute]
pub fn component(_: TokenStream, function: TokenStream) -> TokenStream {
    component::expanded(function.into()).unwrap_or_else(syn::Error::into_compile_error).into()
}
