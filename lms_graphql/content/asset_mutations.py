"""The fields of Mutation about assets."""

import strawberry

from lms_graphql.content import discarding, registering
from lms_graphql.content.loaders import AssetById
from lms_graphql.content.types import Asset, AssetKind
from lms_graphql.engine.edges import optional
from lms_graphql.engine.mutations import changed, mutation, told, user_errors
from lms_graphql.engine.usererrors import UserError
from lms_graphql.tenancy.policy import may_add_assets

_ASSET = "The global id of the asset."
_EXPECTED = "`version` as it was read; then a change meanwhile is refused."
_KIND = "What kind of file it is; a file that was uploaded must be of it."
_TITLE = "What it is called in the library: one line of at most 255 characters."
_ALT_TEXT = "What it shows, for those who can't see it: at most 1,000 characters."
_LICENSE = "Under which terms it may be used: one line of at most 255 characters."
_WIDTH = "The width of an image in pixels, 1 to 100,000."
_HEIGHT = "The height of an image in pixels, 1 to 100,000."
_STAFF_ONLY = "Whether nobody but staff may have it, as hidden files of labs"
_WHO = (
    " For the instructors of its course's offerings and its administrators; of the library for those who may add"
    " courses."
)


@strawberry.input(one_of=True, description="Where the file of an asset is.")
class AssetSourceInput:
    """The source of an asset."""

    url: str | None = strawberry.field(
        default=strawberry.UNSET, description="An address of somebody else's: https, at most 1024 characters."
    )
    upload_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET,
        description="A file of the viewer's that has come (`requestFileUpload` with ASSET), and is no asset yet.",
    )


@strawberry.input(description="A file for a course, or for the library.")
class RegisterAssetInput:
    """The input of `registerAsset`."""

    course_id: strawberry.ID | None = optional(
        "The course that it belongs to; not given: the library that all courses share, which everybody may see."
    )
    source: AssetSourceInput = strawberry.field(description="Where it is.")
    kind: AssetKind | None = optional(f"{_KIND} Not given: as its media type says, OTHER for an address.")
    title: str | None = optional(_TITLE)
    alt_text: str | None = optional(_ALT_TEXT)
    license: str | None = optional(_LICENSE)
    width_pixels: int | None = optional(_WIDTH)
    height_pixels: int | None = optional(_HEIGHT)
    is_staff_only: bool | None = optional(f"{_STAFF_ONLY}; not given: no.")


@strawberry.input(description="What is to be said of an asset. What is not given stays as it is; null clears it.")
class UpdateAssetInput:
    """The input of `updateAsset`."""

    asset_id: strawberry.ID = strawberry.field(description=_ASSET)
    course_id: strawberry.ID | None = optional("The course that it shall belong to; null: the library.")
    kind: AssetKind | None = optional(f"{_KIND} Null: as it is.")
    title: str | None = optional(_TITLE)
    alt_text: str | None = optional(_ALT_TEXT)
    license: str | None = optional(_LICENSE)
    width_pixels: int | None = optional(_WIDTH)
    height_pixels: int | None = optional(_HEIGHT)
    is_staff_only: bool | None = optional(f"{_STAFF_ONLY}; null: as it is.")
    expected_version: int | None = optional(_EXPECTED)


@strawberry.input(description="Another file for an asset, for wherever it is used.")
class ReplaceAssetInput:
    """The input of `replaceAsset`."""

    asset_id: strawberry.ID = strawberry.field(description=_ASSET)
    source: AssetSourceInput = strawberry.field(description="Where the new file is.")
    kind: AssetKind | None = optional(f"{_KIND} Not given: as its media type says; of an address, as before.")
    width_pixels: int | None = optional(f"{_WIDTH} Not given: unknown.")
    height_pixels: int | None = optional(f"{_HEIGHT} Not given: unknown.")
    expected_version: int | None = optional(_EXPECTED)


@strawberry.input(description="Which asset it is about.")
class DeleteAssetInput:
    """The input of `deleteAsset`."""

    asset_id: strawberry.ID = strawberry.field(description=_ASSET)
    expected_version: int | None = optional(_EXPECTED)


@strawberry.type(description="What a mutation of an asset gives.")
class AssetPayload:
    """The payload of what is done with an asset."""

    asset: Asset | None = changed(AssetById, "asset_id", "The asset as it is now; null: refused.")
    errors: list[UserError] = user_errors()


@strawberry.type(description="What `deleteAsset` gives.")
class DeleteAssetPayload:
    """The payload of `deleteAsset`."""

    deleted_asset_id: strawberry.ID | None = told("deleted_id", "The global id that it had; null: refused.")
    errors: list[UserError] = user_errors()


@strawberry.type
class AssetMutation:
    """Joined into Mutation."""

    register_asset: AssetPayload | None = mutation(
        registering.register_asset,
        RegisterAssetInput,
        f"Add an address or an uploaded file to the assets of a course, or to the library.{_WHO}",
        may=may_add_assets,
    )
    update_asset: AssetPayload | None = mutation(
        registering.update_asset, UpdateAssetInput, f"Change what is said of an asset.{_WHO}", may=may_add_assets
    )
    replace_asset: AssetPayload | None = mutation(
        registering.replace_asset,
        ReplaceAssetInput,
        f"Put another file behind an asset: all content that names it shows the new one.{_WHO}",
        may=may_add_assets,
    )
    delete_asset: DeleteAssetPayload | None = mutation(
        discarding.delete_asset,
        DeleteAssetInput,
        f"Delete an asset that no content names; refused, with where it is used, while any does.{_WHO}",
        may=may_add_assets,
        refusals={"content_item_assets_asset_id_fkey": discarding.IN_USE},
    )
