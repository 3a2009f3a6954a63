//! Advanced device verification: the primary phone vouches for its companions, and they for it.

use wacore_libsignal::protocol::{IdentityKeyPair, PublicKey};
use waproto::buffa::Message as _;
use waproto::whatsapp::{
    ADVDeviceIdentity, ADVEncryptionType, ADVKeyIndexList, ADVSignedDeviceIdentity,
    ADVSignedDeviceIdentityHMAC, ADVSignedKeyIndexList,
};

use crate::crypto::{hmac_sha256, raw_key, rng};

/// What a signature is about, so that none can be passed off for another.
const ACCOUNT_SIGNATURE: [u8; 2] = [6, 0];
const DEVICE_SIGNATURE: [u8; 2] = [6, 1];
const KEY_INDEX_LIST: [u8; 2] = [6, 2];

/// A companion as its account's primary phone signed it.
#[derive(Debug, Clone)]
pub(crate) struct SignedDevice {
    pub(crate) key_index: u32,
    companion: [u8; 32],
    identity: ADVSignedDeviceIdentity,
}

impl SignedDevice {
    /// The primary phone signs the identity key of a companion.
    pub(crate) fn sign(account: &IdentityKeyPair, raw_id: u32, key_index: u32, companion: [u8; 32]) -> Self {
        let details = ADVDeviceIdentity {
            raw_id: Some(raw_id),
            timestamp: Some(wacore::time::now_secs_u64()),
            key_index: Some(key_index),
            account_type: Some(ADVEncryptionType::E2EE),
            device_type: Some(ADVEncryptionType::E2EE),
        }
        .encode_to_vec();
        let signature = sign(account, &[&ACCOUNT_SIGNATURE, &details, &companion]);
        let identity = ADVSignedDeviceIdentity {
            details: Some(details),
            account_signature_key: Some(raw_key(account.public_key()).to_vec()),
            account_signature: Some(signature),
            device_signature: None,
        };
        Self { key_index, companion, identity }
    }

    /// What `pair-success` carries: sealed with the secret that only the companion and the phone share.
    pub(crate) fn for_companion(&self, secret: &[u8]) -> Vec<u8> {
        let details = self.identity.encode_to_vec();
        ADVSignedDeviceIdentityHMAC {
            hmac: Some(hmac_sha256(secret, &details).to_vec()),
            details: Some(details),
            account_type: Some(ADVEncryptionType::E2EE),
        }
        .encode_to_vec()
    }

    /// Checks what came back in `pair-device-sign` and keeps the companion's signature.
    pub(crate) fn accept(&mut self, answer: &[u8]) -> Result<(), &'static str> {
        self.verify(answer)?;
        let signed =
            ADVSignedDeviceIdentity::decode_from_slice(answer).map_err(|_| "not a device identity")?;
        self.identity.device_signature = signed.device_signature;
        Ok(())
    }

    /// Checks the `<device-identity>` that goes with a `pkmsg`, as a phone does before it decrypts.
    pub(crate) fn verify(&self, identity: &[u8]) -> Result<(), &'static str> {
        let signed =
            ADVSignedDeviceIdentity::decode_from_slice(identity).map_err(|_| "not a device identity")?;
        let account = self.identity.account_signature_key.as_deref().unwrap_or_default();
        if signed.details != self.identity.details {
            return Err("the details are not those the phone signed");
        }
        if signed.account_signature != self.identity.account_signature {
            return Err("the account signature is not the phone's");
        }
        if signed.account_signature_key.as_deref().is_some_and(|key| !key.is_empty() && key != account) {
            return Err("the account key is not the phone's");
        }
        let details = signed.details.unwrap_or_default();
        let message = [&DEVICE_SIGNATURE, details.as_slice(), &self.companion, account].concat();
        let verified = PublicKey::from_djb_public_key_bytes(&self.companion).is_ok_and(|key| {
            key.verify_signature(&message, signed.device_signature.as_deref().unwrap_or_default())
        });
        if verified { Ok(()) } else { Err("the device signature does not verify") }
    }

    /// For others who fetch the companion's keys.
    pub(crate) fn publish(&self) -> Vec<u8> {
        self.identity.encode_to_vec()
    }
}

/// The signed list of the companions that are linked now.
pub(crate) fn key_index_list(
    account: &IdentityKeyPair,
    raw_id: u32,
    valid: Vec<u32>,
    current: u32,
) -> Vec<u8> {
    let details = ADVKeyIndexList {
        raw_id: Some(raw_id),
        timestamp: Some(wacore::time::now_secs_u64()),
        current_index: Some(current),
        valid_indexes: valid,
        account_type: Some(ADVEncryptionType::E2EE),
    }
    .encode_to_vec();
    ADVSignedKeyIndexList {
        account_signature: Some(sign(account, &[&KEY_INDEX_LIST, &details])),
        account_signature_key: Some(raw_key(account.public_key()).to_vec()),
        details: Some(details),
    }
    .encode_to_vec()
}

fn sign(account: &IdentityKeyPair, parts: &[&[u8]]) -> Vec<u8> {
    account
        .private_key()
        .calculate_signature(&parts.concat(), &mut rng())
        .map(|signature| signature.to_vec())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_companions_own_signature_is_accepted() {
        let (account, companion, stranger) = (
            IdentityKeyPair::generate(&mut rng()),
            IdentityKeyPair::generate(&mut rng()),
            IdentityKeyPair::generate(&mut rng()),
        );
        let key = raw_key(companion.public_key());
        let mut device = SignedDevice::sign(&account, 7, 1, key);
        let answer = |signer: &IdentityKeyPair| {
            let mut identity = device.identity.clone();
            let details = identity.details.clone().unwrap_or_default();
            let account_key = raw_key(account.public_key());
            identity.device_signature =
                Some(sign(signer, &[&DEVICE_SIGNATURE, &details, &key, &account_key]));
            identity.encode_to_vec()
        };
        let (wrong, right) = (answer(&stranger), answer(&companion));
        assert_eq!(device.accept(&wrong), Err("the device signature does not verify"));
        assert_eq!(device.accept(&right), Ok(()));
        assert_eq!(device.verify(&device.publish()), Ok(()));
    }
}
