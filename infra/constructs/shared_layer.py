"""The layer that every function shares: `shared` and the locked wheels."""

from aws_cdk import AssetHashType
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra.assets.staging import StagedAsset


def asset_code(asset: StagedAsset) -> lambda_.AssetCode:
    """A staged folder as Lambda code, named by what it was made from."""
    return lambda_.Code.from_asset(
        str(asset.path), asset_hash=asset.digest, asset_hash_type=AssetHashType.CUSTOM
    )


class SharedLayer(Construct):
    """One layer version, released together with the functions that use it."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        asset: StagedAsset,
        architecture: lambda_.Architecture,
    ) -> None:
        super().__init__(scope, construct_id)
        self.architecture = architecture
        self.version = lambda_.LayerVersion(
            self,
            "Version",
            description="shared/ and the locked wheels",
            code=asset_code(asset),
            compatible_runtimes=[lambda_.Runtime.PYTHON_3_13],
            compatible_architectures=[architecture],
        )
