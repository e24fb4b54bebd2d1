//! Parts that several pages are made of.

pub(crate) mod asking;
pub(crate) mod close_now;
pub(crate) mod confirm;
pub(crate) mod contact;
pub(crate) mod copy;
pub(crate) mod countdown;
pub(crate) mod empty;
pub(crate) mod grant_card;
pub(crate) mod header;
pub(crate) mod health_banner;
pub(crate) mod icon;
pub(crate) mod language_toggle;
pub(crate) mod menu;
pub(crate) mod notice;
pub(crate) mod page_title;
pub(crate) mod policy_dialog;
pub(crate) mod qr_code;
pub(crate) mod skeleton;
pub(crate) mod state_mark;
pub(crate) mod steps;
pub(crate) mod theme_toggle;
pub(crate) mod through;
pub(crate) mod time;
