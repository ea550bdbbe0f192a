"""The names of the shop's own metrics, as ``shop/metrics.py`` writes them; a test compares the two lists.

Standard library only. Namespace: ``Stage.prefix``, which the tasks are given as METRICS_NAMESPACE.
"""

REQUESTS = "Requests"
REQUEST_MILLISECONDS = "RequestMilliseconds"
REQUESTS_THROTTLED = "RequestsThrottled"
TOKENS_REFUSED = "TokensRefused"
ORDERS_SETTLED = "OrdersSettled"
STEP_MILLISECONDS = "StepMilliseconds"
DYNAMODB_RETRIES = "DynamoDbRetries"
PAYMENT_BREAKER_OPEN = "PaymentBreakerOpen"
OPEN_ORDERS = "OpenOrders"
OLDEST_OPEN_ORDER_SECONDS = "OldestOpenOrderSeconds"
QUEUE_MESSAGES = "QueueMessages"
DEAD_LETTERS = "DeadLetters"
INVARIANT_VIOLATIONS = "InvariantViolations"
ORDERS_VERIFIED = "OrdersVerified"
LOOP_CRASHES = "LoopCrashes"

DIMENSIONS = {
    REQUESTS: "StatusClass",
    REQUEST_MILLISECONDS: "Route",
    REQUESTS_THROTTLED: "",
    TOKENS_REFUSED: "",
    ORDERS_SETTLED: "Outcome",
    STEP_MILLISECONDS: "Step",
    DYNAMODB_RETRIES: "Cause",
    PAYMENT_BREAKER_OPEN: "",
    OPEN_ORDERS: "",
    OLDEST_OPEN_ORDER_SECONDS: "",
    QUEUE_MESSAGES: "",
    DEAD_LETTERS: "",
    INVARIANT_VIOLATIONS: "",
    ORDERS_VERIFIED: "",
    LOOP_CRASHES: "",
}
"""By name: what tells the values of a metric apart; empty for nothing."""
