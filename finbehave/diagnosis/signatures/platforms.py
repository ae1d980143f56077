"""Signatures: what Azure, a network or our own gateway says about access, room and routes."""

from __future__ import annotations

from finbehave.diagnosis.signatures.form import Signature

_LOGIN = "az login (in a pipeline: the service principal's AZURE_CLIENT_ID, AZURE_TENANT_ID and secret), then "
"finbehave doctor"
_KEYS = "finbehave keys show prints the keys that hold now; finbehave keys rotate makes new ones; send "
"Authorization: Bearer KEY"
_STATUS = r"(?:[Ss]tatus(?: ?code)?[\"']?[:= ]{1,3}|HTTP(?:/\d(?:\.\d)?)? |response code )"

AADSTS = {
    "50034": "the user is not known in this tenant",
    "50053": "the account is locked",
    "50055": "the password has expired",
    "50057": "the account is disabled",
    "50058": "there is no signed-in session",
    "50076": "a second factor is asked for",
    "50079": "a second factor has to be set up",
    "50126": "the user name or password is wrong",
    "50173": "the sign-in was revoked",
    "53003": "a conditional access rule refuses it",
    "65001": "nobody has consented to the application",
    "70043": "the sign-in is too old",
    "700016": "the application is not known in this tenant",
    "700024": "the client assertion has expired",
    "700082": "the refresh token has expired",
    "7000215": "the client secret is wrong",
    "7000222": "the client secret has expired",
    "700213": "no federated identity fits",
    "90002": "there is no such tenant",
    "500011": "the resource is not known in this tenant",
    "900023": "the tenant's name is not valid",
}
"""Code -> what it says. Source: Microsoft's list of sign-in error codes."""

SIGNATURES = (
    Signature(
        "auth-token",
        ("aadsts",),
        r"AADSTS(?P<aadsts>\d{4,7})",
        ("Azure refuses the sign-in: {aadsts_says} (AADSTS{aadsts})", "Azure refuses the sign-in (AADSTS{aadsts})"),
        _LOGIN,
        "Microsoft's list of sign-in error codes",
        0.95,
    ),
    Signature(
        "auth-key",
        (
            "/score",
            "key_auth",
            "authorization key",
            "api key",
            "endpoint key",
            "key is not valid",
            "key refused",
            "unauthorized",
            "no or wrong key",
        ),
        r"key_auth_(?:access_denied|bad_header\w*)|valid authorization key|(?:invalid|wrong|bad) (?:API|endpoint) key\b"
        r"|[Kk]ey (?:was )?refused|/score\S* (?:HTTP/\d\.\d\" )?401\b|401 Unauthorized.{0,60}/score|no key was sent",
        "the endpoint refuses the key",
        _KEYS,
        "Azure's scoring front, finbehave's gateway",
        0.92,
    ),
    Signature(
        "auth-token",
        (
            "token_auth",
            "authenticationtoken",
            "az login",
            "credentialunavailable",
            "failed to retrieve a token",
            "access token",
            "clientauthenticationerror",
            "authenticationfailed",
            "token is expired",
            "token has expired",
            "invalidauthentication",
        ),
        r"token_auth_\w+|(?:Invalid|Expired)AuthenticationToken\w*|[Rr]un 'az login'|CredentialUnavailableError"
        r"|failed to retrieve a token|[Aa]ccess token (?:has expired|is (?:expired|invalid|missing))|[Tt]oken (?:is"
        r"|has) expired"
        r"|ClientAuthenticationError|AuthenticationFailed\b",
        "Azure does not know who asks: there is no sign-in, or it has expired",
        _LOGIN,
        "azure-identity, Azure Resource Manager",
        0.9,
        quiet=True,
    ),
    Signature(
        "role-missing",
        (
            "authorizationfailed",
            "authorization to perform action",
            "permissionmismatch",
            "linkedauthorization",
            "secretsinjection",
            "forbiddenbyrbac",
            "does not have permission",
            "role assignment",
            "not authorized to perform this operation",
        ),
        r"does not have authorization to perform action '(?P<action>[^']+)'|AuthorizationFailed"
        r"|AuthorizationPermissionMismatch"
        r"|LinkedAuthorizationFailed|ForbiddenByRbac|SecretsInjectionError|does not have permissions? (?:to"
        r"|for) .{0,80}(?:Microsoft\.|action|resource|scope|registry)"
        r"|not authorized to perform this operation using this permission",
        ("a role is missing: {action} is not allowed", "the identity has no role that allows this"),
        "ask the owner for a role on the workspace (AzureML Data Scientist for deploying; Storage Blob Data "
        "Contributor for the "
        "model's store; AcrPull for images), wait five minutes, then finbehave doctor",
        "Azure Resource Manager, storage, Azure's troubleshooting page",
        0.93,
        near=(r"perform action '(?P<action>[^']+)'",),
    ),
    Signature(
        "role-missing",
        ("unable to download user", "modeldownload: failed"),
        r"[Uu]nable to download user (?:model|code)|ModelDownload: Failed",
        "the endpoint's identity may not read the model's store",
        "give it the role Storage Blob Data Reader on the workspace's storage account, then finbehave deploy MODEL",
        "Azure's troubleshooting page",
        0.7,
    ),
    Signature(
        "role-missing",
        ("name: downloadfailed",),
        r"Name: DownloadFailed\b",
        "the endpoint's identity may not read the model's store",
        "give it the role Storage Blob Data Reader on the workspace's storage account, then finbehave deploy MODEL",
        "the events of managed endpoints",
        0.6,
        absent_after=r"Name: Downloaded\b",
    ),
    Signature(
        "quota",
        ("endpoint quota",),
        r"[Ee]ndpoint [Qq]uota reached",
        "the subscription may have no more endpoints in this region",
        "finbehave status lists the endpoints: finbehave delete --endpoint E removes one that is not needed; or take "
        "another "
        "region",
        "Azure's answer to an endpoint too many",
        0.97,
    ),
    Signature(
        "quota",
        (
            "outofquota",
            "not enough quota",
            "quotaexceeded",
            "exceeding approved",
            "outofcapacity",
            "capacity",
            "allocationfailed",
            "skunotavailable",
            "insufficient cpu",
            "insufficient memory",
        ),
        r"[Nn]ot enough quota available for (?P<size>[\w]+)|OutOfQuota|QuotaExceeded|exceeding approved .{0,80}quota"
        r"|OutOfCapacity|[Ii]nsufficient regional capacity|no capacity in (?:the |this )?region|AllocationFailed"
        r"|SkuNotAvailable"
        r"|nodes are available: \d+ Insufficient (?:cpu|memory)",
        (
            "there is not enough quota for {size} (usage/limit {used}; {more} more needed)",
            "there is not enough quota for {size}",
            "there is no quota or capacity left for this machine",
        ),
        "finbehave deploy MODEL with a smaller --instance-type or --instance-count, another region, or ask for more "
        "quota in the "
        "Azure portal; blue and green hold theirs at once, with 20 % reserve",
        "Azure's quota answers",
        0.95,
        near=(r"usage/limit: (?P<used>[\d/]+)(?:.{0,40}needed: (?P<more>\d+))?", r"quota available for (?P<size>\w+)"),
    ),
    Signature(
        "throttled",
        (
            "429",
            "too many requests",
            "toomanyrequests",
            "too many pending",
            "requeststhrottled",
            "rate limit",
            "over capacity",
        ),
        r"Too [Mm]any (?:Requests|pending requests)|TooManyRequests|too many pending|RequestsThrottled"
        r"|[Rr]ate limit (?:is )?(?:exceeded|reached)"
        r"|" + _STATUS + r"429\b|(?:GET|POST|PUT) /\S* (?:HTTP/\d\.\d\" )?429\b",
        "more was asked at once than may be (429)",
        "ask more slowly (wait as long as Retry-After says), or finbehave deploy MODEL with a higher --instance-count",
        "Azure's scoring front and Resource Manager, finbehave's gateway",
        0.9,
    ),
    Signature(
        "no-traffic",
        (
            "no valid deployments",
            "no deployment ready",
            "positive weight",
            "no deployment with traffic",
            "has no traffic",
            "no traffic",
        ),
        r"[Nn]o valid deployments? to route|positive weight|[Nn]o deployment (?:is )?ready"
        r"|[Nn]o deployment with traffic"
        r"|[Ee]ndpoint .{1,80} has no traffic|traffic (?:is )?(?:0|zero) (?:%|percent)? ?(?:for|on) (?:all|every)",
        "no deployment of the endpoint holds traffic",
        "finbehave traffic set blue=100 (finbehave status shows which deployments there are)",
        "Azure's scoring front, finbehave's gateway",
        0.93,
    ),
    Signature(
        "conflict",
        (
            "provisioning state",
            "operationinprogress",
            "another operation",
            "conflict",
            "resourceexistserror",
            "operationcanceled",
            "needs to be unique",
            "preconditionfailed",
            "already in progress",
            "anotheroperation",
        ),
        r"in (?:Updating|Creating|Deleting) provisioning state|(?:Another|An) operation .{0,80}in progress"
        r"|OperationInProgress"
        r"|AnotherOperationInProgress|ResourceExistsError|OperationCanceled|PreconditionFailed"
        r"|needs? to be unique within"
        r"|" + _STATUS + r"409\b|\bHTTP 409\b|\(Conflict\)",
        "somebody or something else is changing the same endpoint, or holds its name",
        "wait a minute, finbehave status, then run the command again; where the name is taken, take another --endpoint",
        "Azure Resource Manager",
        0.88,
    ),
    Signature(
        "endpoint-not-found",
        ("endpoints/", "endpointnotfound", "endpoint", "parentresourcenotfound", "resourcegroupnotfound"),
        r"onlineEndpoints/(?P<name>[\w-]+)[^\n]{0,200}(?:was|could) not (?:be )?found|EndpointNotFound"
        r"|ParentResourceNotFound"
        r"|ResourceGroupNotFound|[Oo]nline ?[Ee]ndpoint ['\"]?(?P<name2>[\w-]{2,64})['\"]? (?:was |is |could "
        r"|does )?not (?:be )?(?:found|exist)"
        r"|[Nn]o endpoint (?:named |called )?['\"](?P<name3>[\w-]{2,64})['\"]",
        ("there is no endpoint {name}", "there is no such endpoint, workspace or resource group"),
        "finbehave status lists the endpoints there are; check AZURE_SUBSCRIPTION_ID, AZURE_RESOURCE_GROUP and "
        "AZURE_WORKSPACE_NAME with finbehave config",
        "Azure Resource Manager, finbehave",
        0.88,
    ),
    Signature(
        "network-blocked",
        (
            "public network access",
            "private endpoint",
            "publicnetworkaccess",
            "managednetworknotready",
            "not allowed access",
            "firewall",
            "virtual network",
        ),
        r"[Pp]ublic ?[Nn]etwork ?[Aa]ccess (?:is )?(?:disabled|not allowed)|PublicNetworkAccessDisabled"
        r"|WorkspaceManagedNetworkNotReady"
        r"|client with address .{1,60} is not allowed access|(?:denied|blocked) by (?:its |the )?(?:firewall|network"
        r"|virtual network)"
        r"|behind an? (?:firewall|virtual network)",
        "a network rule is in the way: the service is reached only from its private network",
        "run from a machine in that network, or let the address in (workspace > Networking); provision the managed "
        "network with az "
        "ml workspace provision-network; then finbehave doctor",
        "Azure's networking answers",
        0.92,
    ),
    Signature(
        "network-blocked",
        (
            "name resolution",
            "name or service not known",
            "could not resolve host",
            "getaddrinfo",
            "network is unreachable",
            "no route to host",
            "connection refused",
            "failed to establish a new connection",
            "connection timed out",
            "proxyerror",
            "certificate_verify_failed",
            "connecttimeout",
            "connection failed for url",
            "nodename nor servname",
            "max retries exceeded",
            "dns error",
            "errno 111",
            "errno 110",
            "errno 113",
            "winerror 1006",
        ),
        r"[Tt]emporary failure in name resolution|Name or service not known|[Cc]ould not resolve host"
        r"|getaddrinfo failed"
        r"|Network is unreachable|No route to host|Connection refused|Failed to establish a new connection"
        r"|Connection timed out"
        r"|ProxyError|CERTIFICATE_VERIFY_FAILED|ConnectTimeout(?:Error)?|CONNECTION FAILED for url"
        r"|nodename nor servname"
        r"|Max retries exceeded|dns error|\[Errno 11[013]\]|\[WinError 1006\d\]",
        (
            "{host} cannot be reached from there: the name does not resolve, or the network refuses the connection",
            "something that is needed cannot be reached: the name does not resolve, or the network refuses the "
            "connection",
        ),
        "check DNS, proxy and outbound rules of that network for the host in the line (on Azure: workspace > "
        "Networking), then "
        "finbehave doctor",
        "the resolver, sockets, urllib3, conda, uv",
        0.8,
        quiet=True,
        unless_line=r"probe failed",
        near=(
            r"host='(?P<host>[\w.-]+)'",
            r"https?://(?P<host>[\w.-]+)",
            r"(?:[Rr]esolve host:? |to |for )'?(?P<host>[\w-]+(?:\.[\w-]+)+)",
        ),
    ),
    Signature(
        "platform-error",
        (
            "internalservererror",
            "internal server error",
            "internaloperationerror",
            "systemsetup: failed",
            "serviceunavailable",
            "service unavailable",
            "bad gateway",
            "internal error",
        ),
        r"\(InternalServerError\)|[\"']?code[\"']?: ?[\"']InternalServerError|^InternalServerError\b"
        r"|InternalOperationError|SystemSetup: Failed"
        r"|\(ServiceUnavailable\)|[\"']?code[\"']?: ?[\"']ServiceUnavailable|^ServiceUnavailable\b"
        r"|[Aa]n internal (?:server )?error (?:has )?occurred"
        r"|" + _STATUS + r"50[23]\b(?: (?:Bad Gateway|Service Unavailable))?",
        "the platform itself failed",
        "wait some minutes and run the command again; if it stays, give support the request id in the line and see "
        "Azure's status "
        "page",
        "Azure's answers",
        0.7,
        echo=True,
    ),
)
