//! What the demo shop sells and remembers: carts, payments, orders. No HTTP here.

use serde::{Deserialize, Serialize};

use super::{error::Refusal, recent::Recent};

/// Carts, payments and orders of the past that are kept: thousands of runs, well under a megabyte.
const KEPT: usize = 1_000;

/// The most that one cart line may hold.
const MAX_QUANTITY: u32 = 99;

/// What is on sale: SKU, name, unit price in cents.
const CATALOGUE: [(&str, &str, u64); 3] = [
    ("SKU-1042", "Espresso cup", 1_250),
    ("SKU-2077", "Moka pot", 3_490),
    ("SKU-3001", "Coffee beans, 1 kg", 1_899),
];

/// One line of a cart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Item {
    pub(super) sku: String,
    pub(super) name: String,
    pub(super) quantity: u32,
    pub(super) unit_price: u64,
}

/// A cart. Amounts are in cents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Cart {
    pub(super) id: u64,
    pub(super) items: Vec<Item>,
    pub(super) total: u64,
    pub(super) currency: &'static str,
    #[serde(skip)]
    user: String,
    #[serde(skip)]
    paid: bool,
}

/// What a client asks to pay.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct PaymentRequest {
    pub(super) cart: u64,
    pub(super) amount: u64,
}

/// A captured payment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Payment {
    pub(super) id: String,
    pub(super) status: &'static str,
    pub(super) amount: u64,
    pub(super) currency: &'static str,
    pub(super) order_id: String,
    pub(super) card: Card,
}

/// The card of everybody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Card {
    brand: &'static str,
    last4: &'static str,
}

/// How far a delivery is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "lowercase")]
pub(super) enum Delivery {
    /// The carrier has not answered yet: the first time one asks.
    Pending,
    /// It comes.
    Booked { carrier: &'static str },
}

#[derive(Debug)]
struct Order {
    user: String,
    asked: bool,
    cancelled: bool,
}

/// Everything the shop remembers.
#[derive(Debug)]
pub(super) struct Shop {
    last_id: u64,
    carts: Recent<u64, Cart>,
    orders: Recent<String, Order>,
    /// By user and Idempotency-Key: what was asked and what was answered.
    payments: Recent<(String, String), (PaymentRequest, Payment)>,
}

impl Default for Shop {
    fn default() -> Self {
        Self { last_id: 0, carts: Recent::new(KEPT), orders: Recent::new(KEPT), payments: Recent::new(KEPT) }
    }
}

impl Shop {
    pub(super) fn create_cart(&mut self, user: &str, sku: &str, quantity: u32) -> Result<Cart, Refusal> {
        let (sku, name, unit_price) = CATALOGUE
            .into_iter()
            .find(|(known, ..)| *known == sku)
            .ok_or_else(|| Refusal::unprocessable(format!("no article has the SKU `{sku}`")))?;
        if quantity == 0 || quantity > MAX_QUANTITY {
            return Err(Refusal::unprocessable(format!("quantity must be between 1 and {MAX_QUANTITY}")));
        }
        let item = Item { sku: sku.to_owned(), name: name.to_owned(), quantity, unit_price };
        let cart = Cart {
            id: self.next_id(),
            total: unit_price * u64::from(quantity),
            items: vec![item],
            currency: "EUR",
            user: user.to_owned(),
            paid: false,
        };
        self.carts.insert(cart.id, cart.clone());
        Ok(cart)
    }

    /// Captures a payment once per key; the same key gives the same answer again.
    pub(super) fn pay(
        &mut self,
        user: &str,
        key: Option<&str>,
        request: PaymentRequest,
    ) -> Result<Payment, Refusal> {
        let key = key.map(|key| (user.to_owned(), key.to_owned()));
        if let Some((earlier, payment)) = key.as_ref().and_then(|key| self.payments.get(key)) {
            return if *earlier == request {
                Ok(payment.clone())
            } else {
                Err(Refusal::unprocessable("this Idempotency-Key was used for another payment"))
            };
        }
        let currency = self.settle_cart(user, &request)?;
        let payment = self.capture(user, request.amount, currency);
        if let Some(key) = key {
            self.payments.insert(key, (request, payment.clone()));
        }
        Ok(payment)
    }

    /// Pending the first time one asks, booked from then on.
    pub(super) fn delivery(&mut self, user: &str, order: &str) -> Result<Delivery, Refusal> {
        let order = self.order(user, order)?;
        if !order.asked {
            order.asked = true;
            return Ok(Delivery::Pending);
        }
        Ok(Delivery::Booked { carrier: "Postillon" })
    }

    pub(super) fn cancel(&mut self, user: &str, order: &str) -> Result<(), Refusal> {
        self.order(user, order)?.cancelled = true;
        Ok(())
    }

    /// Checks that the cart can be paid as asked, marks it paid and gives its currency.
    fn settle_cart(&mut self, user: &str, request: &PaymentRequest) -> Result<&'static str, Refusal> {
        let cart = self
            .carts
            .get_mut(&request.cart)
            .filter(|cart| cart.user == user)
            .ok_or_else(|| Refusal::not_found(format!("there is no cart {}", request.cart)))?;
        if cart.paid {
            return Err(Refusal::conflict("this cart is paid"));
        }
        if cart.total != request.amount {
            return Err(Refusal::unprocessable(format!("the cart's total is {}", cart.total)));
        }
        cart.paid = true;
        Ok(cart.currency)
    }

    fn capture(&mut self, user: &str, amount: u64, currency: &'static str) -> Payment {
        let id = self.next_id();
        let order_id = format!("ORD-{id}");
        self.orders.insert(order_id.clone(), Order { user: user.to_owned(), asked: false, cancelled: false });
        let card = Card { brand: "visa", last4: "4242" };
        Payment { id: format!("PAY-{id}"), status: "captured", amount, currency, order_id, card }
    }

    fn order(&mut self, user: &str, id: &str) -> Result<&mut Order, Refusal> {
        self.orders
            .get_mut(&id.to_owned())
            .filter(|order| order.user == user && !order.cancelled)
            .ok_or_else(|| Refusal::not_found(format!("there is no order {id}")))
    }

    fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_stays_bounded_however_many_checkouts_there_are() {
        let mut shop = Shop::default();
        for run in 0..(2 * KEPT) {
            let cart = shop.create_cart("ada", "SKU-1042", 2).unwrap();
            let request = PaymentRequest { cart: cart.id, amount: cart.total };
            shop.pay("ada", Some(&format!("run-{run}")), request).unwrap();
        }
        assert_eq!((shop.carts.len(), shop.orders.len(), shop.payments.len()), (KEPT, KEPT, KEPT));
    }
}
