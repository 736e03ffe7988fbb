//! Requests about messages that are stored already, drafts, blocks, devices and the user's profile.

use serde_json::json;

use crate::{Ack, Body, ChangesPage, Client, ClientError, Device, Target, UserInfo};

impl Client {
    /// Takes a message of one's own back for everyone.
    ///
    /// # Errors
    /// The server's refusal, or the connection is over.
    pub async fn recall(&self, conversation: &str, seq: u64) -> Result<(), ClientError> {
        self.request("msg.recall", json!({ "c": conversation, "seq": seq })).await.map(drop)
    }

    /// Gives a text of one's own another text.
    ///
    /// # Errors
    /// The server's refusal, or the connection is over.
    pub async fn edit(&self, conversation: &str, seq: u64, body: &Body) -> Result<(), ClientError> {
        let fields = json!({ "c": conversation, "seq": seq, "b": body });
        self.request("msg.edit", fields).await.map(drop)
    }

    /// Puts an emoji on a message, or takes it away.
    ///
    /// # Errors
    /// The server's refusal, or the connection is over.
    pub async fn react(
        &self,
        conversation: &str,
        seq: u64,
        emoji: &str,
        on: bool,
    ) -> Result<(), ClientError> {
        let fields = json!({ "c": conversation, "seq": seq, "e": emoji, "on": on });
        self.request("msg.react", fields).await.map(drop)
    }

    /// Sends a copy of a message that one sees.
    ///
    /// # Errors
    /// The server's refusal, or the connection is over.
    pub async fn forward(
        &self,
        conversation: &str,
        seq: u64,
        target: Target<'_>,
        client_msg_id: Option<&str>,
    ) -> Result<Ack, ClientError> {
        let mut fields = json!({ "c": conversation, "seq": seq });
        match target {
            Target::User(user) => fields["to"] = user.into(),
            Target::Desk => fields["to"] = "desk:".into(),
            Target::Conversation(into) => fields["into"] = into.into(),
        }
        if let Some(cid) = client_msg_id {
            fields["cid"] = cid.into();
        }
        self.ask("msg.forward", fields).await
    }

    /// Places that changed after a rev.
    ///
    /// # Errors
    /// The server's refusal, or the connection is over.
    pub async fn changes(
        &self,
        conversation: &str,
        after: u64,
        limit: u32,
    ) -> Result<ChangesPage, ClientError> {
        let fields = json!({ "c": conversation, "after": after, "limit": limit });
        self.ask("changes", fields).await
    }

    /// Keeps what was typed and not sent; an empty text forgets it.
    ///
    /// # Errors
    /// The server's refusal, or the connection is over.
    pub async fn draft(
        &self,
        conversation: &str,
        text: &str,
        reply_to: Option<u64>,
    ) -> Result<(), ClientError> {
        let mut fields = json!({ "c": conversation, "x": text });
        if let Some(seq) = reply_to {
            fields["re"] = seq.into();
        }
        self.request("conv.draft", fields).await.map(drop)
    }

    /// Refuses messages from someone, or accepts them again.
    ///
    /// # Errors
    /// The server's refusal, or the connection is over.
    pub async fn block(&self, user: &str, on: bool) -> Result<(), ClientError> {
        self.request("block", json!({ "user": user, "on": on })).await.map(drop)
    }

    /// Whom the user has blocked, by id.
    ///
    /// # Errors
    /// The server's refusal, or the connection is over.
    pub async fn blocks(&self) -> Result<Vec<UserInfo>, ClientError> {
        let mut reply = self.request("blocks", json!({})).await?;
        serde_json::from_value(reply["users"].take()).map_err(|e| ClientError::Frame(e.to_string()))
    }

    /// The user's devices.
    ///
    /// # Errors
    /// The server's refusal, or the connection is over.
    pub async fn devices(&self) -> Result<Vec<Device>, ClientError> {
        let mut reply = self.request("devices", json!({})).await?;
        serde_json::from_value(reply["devices"].take())
            .map_err(|e| ClientError::Frame(e.to_string()))
    }

    /// Ends a device of the user; it needs a new token to come back.
    ///
    /// # Errors
    /// The server's refusal, or the connection is over.
    pub async fn sign_out_device(&self, device: &str) -> Result<(), ClientError> {
        self.request("device.signout", json!({ "device": device })).await.map(drop)
    }

    /// Changes the user's name and picture; gives him as he is now.
    ///
    /// # Errors
    /// The server's refusal, or the connection is over.
    pub async fn set_profile(
        &self,
        name: Option<&str>,
        avatar: Option<&str>,
    ) -> Result<UserInfo, ClientError> {
        let mut fields = json!({});
        if let Some(name) = name {
            fields["name"] = name.into();
        }
        if let Some(avatar) = avatar {
            fields["avatar"] = avatar.into();
        }
        let mut reply = self.request("profile.set", fields).await?;
        serde_json::from_value(reply["user"].take()).map_err(|e| ClientError::Frame(e.to_string()))
    }
}
