"""Every attack there is, in the order of the documentation."""

from tests.attack.accounts import ACCOUNTS
from tests.attack.back_office import BACK_OFFICE
from tests.attack.bodies import BODIES
from tests.attack.data import DATA
from tests.attack.http import HTTP
from tests.attack.limits import LIMIT_ATTACKS
from tests.attack.objects import OBJECTS
from tests.attack.surface import SURFACE
from tests.attack.tokens import TOKENS

ATTACKS = [*TOKENS, *OBJECTS, *BODIES, *DATA, *HTTP, *ACCOUNTS, *LIMIT_ATTACKS, *BACK_OFFICE, *SURFACE]
